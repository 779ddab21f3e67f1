"""A number that rises with each change of what daemons keep in memory (S34)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from signward_server.core.errors import StoreUnavailable
from signward_server.store.driver import DriverSession, DriverStatement

__all__ = ["StoreVersion"]

_READ = text("SELECT value FROM meta WHERE name = 'version'")
_COUNT = text(
    "UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) "
    "WHERE name = 'version' RETURNING value"
)
_STAMP = text("UPDATE keys SET changed = :count WHERE changed = 0")


class StoreVersion:
    """The version in the store, and the one that memory stands for.

    Args:
        durable: Engine whose commits are on the disk when they return.
        session: Where the version is read outside of transactions.

    Attributes:
        known: What memory stands for; -1 until it is first read.
    """

    def __init__(self, durable: Engine, session: DriverSession) -> None:
        self._durable = durable
        self._session = session
        self._read = DriverStatement(durable, _READ)
        self.known = -1

    def begin(self) -> None:
        """Take what the store says for known, before anything is read for the first time.

        Raises:
            StoreUnavailable: See ``stored``.
        """
        if self.known < 0:
            self.known = self.stored()

    def stored(self) -> int:
        """Return what the store says.

        Raises:
            StoreUnavailable: It says nothing.
        """
        return _number(self._session.first(self._read, {}))

    def stored_in(self, connection: Connection) -> int:
        """Return what the store says within a transaction; see ``stored``."""
        return _number(connection.execute(_READ).first())

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """Run a transaction that changes keys or API keys, and count it.

        Whoever begins one holds the lock of all that writes until memory is changed as well.
        ``known`` follows unless there are changes that memory does not have yet: those of
        somebody else, or a commit that was reported as failed and went through all the same.

        Raises:
            StoreUnavailable: The store has no version, or an older one than memory.
        """
        with self._durable.begin() as connection:
            yield connection
            count = _number(connection.execute(_COUNT).first())
            if count <= self.known:
                raise StoreUnavailable
            connection.execute(_STAMP, {"count": count})
        if count == self.known + 1:
            self.known = count


def _number(row: Sequence[object] | None) -> int:
    if row is None:
        raise StoreUnavailable
    try:
        return int(str(row[0]))
    except ValueError as exc:
        raise StoreUnavailable from exc
