"""Whether the store is still the one that memory stands for (S34)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine

from signward_server.core.errors import StoreUnavailable
from signward_server.store.failures import unavailable
from signward_server.store.version import StoreVersion
from signward_server.store.writing import Writing

__all__ = ["Confirming"]

_log = logging.getLogger(__name__)


class Confirming:
    """Compares file and version with what was opened; takes over what is newer.

    An older version is not taken over: somebody has put back rows from before a change, and
    whatever that change took away would count again. The daemon signs nothing until it is
    started anew.

    Args:
        path: The file.
        durable: Engine for what is taken over.
        version: What is compared.
        writing: Lock of everything that writes to the store.
        healthy: Whether the store takes changes.
    """

    def __init__(
        self,
        path: Path,
        durable: Engine,
        version: StoreVersion,
        writing: Writing,
        healthy: Callable[[], bool],
    ) -> None:
        self._path = path
        self._file = _file(path)
        self._durable = durable
        self._version = version
        self._writing = writing
        self._healthy = healthy
        self._parts: list[Callable[[Connection], None]] = []

    def add(self, refresh: Callable[[Connection], None]) -> None:
        """Have this take over whatever is newer than memory."""
        self._parts.append(refresh)

    def confirm(self) -> None:
        """Return if memory is what the store says, and the store takes changes.

        Raises:
            StoreUnavailable: It is another file or an older one, cannot be read, or does not.
        """
        if _file(self._path) != self._file or not self._healthy():
            raise StoreUnavailable
        if self._version.stored() != self._version.known:
            self._catch_up()  # unless a change is just being made

    def _catch_up(self) -> None:
        if not self._writing.patiently():
            raise StoreUnavailable
        try:
            with unavailable(), self._durable.begin() as connection:
                self._take_over(connection)
        finally:
            self._writing.release()

    def _take_over(self, connection: Connection) -> None:
        stored, known = self._version.stored_in(connection), self._version.known
        if stored < known:
            raise StoreUnavailable
        if stored > known:
            for refresh in self._parts:
                refresh(connection)
            self._version.known = stored
            _log.warning("changes were taken over from the store", extra={"count": stored - known})


def _file(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as exc:
        raise StoreUnavailable from exc
    return found.st_dev, found.st_ino
