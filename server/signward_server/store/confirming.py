"""Whether the store is still the one that memory stands for (S34)."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import Connection

from signward_server.core.errors import StoreUnavailable
from signward_server.store.backend import Backend
from signward_server.store.failures import unavailable
from signward_server.store.peers import Peers
from signward_server.store.version import StoreVersion
from signward_server.store.writing import Writing

__all__ = ["Confirming", "Refresh"]

_log = logging.getLogger(__name__)

Refresh = Callable[[Connection, int | None], None]
"""Takes over what changed after a version of the store, or everything."""


class Confirming:
    """Compares lineage and version with what was opened; takes over what is newer.

    An older version is not taken over: somebody has put back rows from before a change, and
    whatever that change took away would count again. The daemon signs nothing until it is
    started anew. Where another lineage goes on from there, such as that of a database that
    took the place of one that failed, everything is read again.

    Args:
        backend: The database.
        version: What is compared.
        writing: Lock of all changes of this process.
        healthy: Whether the store takes changes.
        peers: Learn what memory stands for; ``None`` if there are none.
    """

    def __init__(
        self,
        backend: Backend,
        version: StoreVersion,
        writing: Writing,
        healthy: Callable[[], bool],
        peers: Peers | None,
    ) -> None:
        self._backend = backend
        self._version = version
        self._writing = writing
        self._healthy = healthy
        self._peers = peers
        self._lineage: object = None
        self._older = False
        self._parts: list[Refresh] = []

    def add(self, refresh: Refresh) -> None:
        """Have this take over whatever is newer than memory."""
        self._parts.append(refresh)

    def begin(self) -> None:
        """Take the lineage for known, before anything is read for the first time.

        Raises:
            StoreUnavailable: See ``Backend.lineage``.
        """
        if self._lineage is None:
            self._lineage = self._backend.lineage()

    def confirm(self) -> None:
        """Return if memory is what the store says, and the store takes changes.

        Raises:
            StoreUnavailable: It is another file or an older one, cannot be read, or does not.
        """
        if self._older or not self._healthy():
            raise StoreUnavailable
        self._acknowledge()  # before the version is asked for: see ``Peers``
        lineage = self._backend.lineage()
        if self._version.stored() != self._version.known or lineage != self._lineage:
            self._catch_up(lineage)  # unless a change is just being made
            self._acknowledge()

    def _acknowledge(self) -> None:
        if self._peers is not None:
            self._peers.acknowledge(self._version.known)

    def _catch_up(self, lineage: object) -> None:
        if not self._writing.patiently():
            raise StoreUnavailable
        try:
            with unavailable(), self._backend.snapshots.begin() as connection:
                self._take_over(connection, lineage)
        finally:
            self._writing.release()

    def _take_over(self, connection: Connection, lineage: object) -> None:
        stored, known = self._version.stored_in(connection), self._version.known
        if stored < known:
            self._older = True
            raise StoreUnavailable
        everything = lineage != self._lineage
        if stored > known or everything:
            for refresh in self._parts:
                refresh(connection, None if everything else known)
            self._version.known = stored
            self._lineage = lineage
            _log.info("changes were taken over from the store", extra={"count": stored - known})
