"""A store in one SQLite file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, TextClause

from signward_server.core.errors import StoreUnavailable
from signward_server.store.engine import (
    durable_engine,
    empty_log,
    firm_engine,
    prepare_file,
    probe_engine,
    swift_engine,
)
from signward_server.store.polling import Polling
from signward_server.store.turn import FileTurn

__all__ = ["SqliteFile"]


class SqliteFile:
    """Implements ``Backend``: whoever writes holds the one lock of the file.

    Args:
        path: The file; it need not be there before ``prepare``.
    """

    one_writer = True
    announce: TextClause | None = None
    picked = ""
    time: TextClause | None = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: tuple[int, int] | None = None
        self.place = str(path)
        self.durable: Engine = durable_engine(path)
        self.snapshots = self.migrating = self.durable
        self.swift = swift_engine(path)
        self.firm = firm_engine(path)
        self.probing = probe_engine(path)

    def prepare(self) -> None:
        """See ``Backend.prepare``."""
        prepare_file(self._path)
        self._opened = self._identity()

    def lineage(self) -> object:
        """See ``Backend.lineage``."""
        found = self._identity()
        if found != self._opened:
            raise StoreUnavailable
        return found

    def news(self, heard: Callable[[], None]) -> Polling:
        """See ``Backend.news``: the file is looked at every 20 ms."""
        return Polling(self.probing, heard)

    def turn(self) -> FileTurn:
        """See ``Backend.turn``: a lock beside the file."""
        return FileTurn(self._path)

    def wipe(self) -> bool:
        """See ``Backend.wipe``."""
        return empty_log(self.probing)

    def close(self) -> None:
        """See ``Backend.close``."""
        for engine in (self.probing, self.firm, self.swift, self.durable):
            engine.dispose()

    def _identity(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError as exc:
            raise StoreUnavailable from exc
        return found.st_dev, found.st_ino
