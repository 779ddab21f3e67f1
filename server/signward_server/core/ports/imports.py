"""Imports that were not used yet."""

from __future__ import annotations

from typing import Protocol

from signward_server.core.imports import OpenImport
from signward_server.core.ports.store import RequestScope

__all__ = ["Imports"]


class Imports(Protocol):
    """Keeps wrapping keys for whoever finishes the import, until they are used or too old."""

    def add(self, new: OpenImport, scope: RequestScope | None) -> OpenImport:
        """Keep a new import.

        Args:
            new: The import.
            scope: The request that asks for it, ``None`` if a retry may get another one.

        Returns:
            The import; that of the first call when the request is a retry of it and the
            import is still there.

        Raises:
            RequestIdReused: The scope was used with other content.
            ImportQuota: The identity has too many that were not used.
            StoreUnavailable: The store cannot be written now.
        """
        ...

    def find(self, import_id: str, identity: str) -> OpenImport | None:
        """Return an import of this identity; ``None`` if it is used, too old or unknown.

        Raises:
            StoreUnavailable: The store cannot be read now.
        """
        ...

    def take(self, import_id: str, identity: str) -> OpenImport | None:
        """Return an import as ``find`` does, and forget it durably: nobody gets it again.

        Raises:
            StoreUnavailable: The store cannot be written now; whether it is forgotten is not
                known.
        """
        ...

    def purge(self) -> float | None:
        """Forget what is too old; return the seconds until the next one will be, if any.

        Raises:
            StoreUnavailable: The store cannot be written now.
        """
        ...
