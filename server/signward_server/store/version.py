"""A number that rises with each change of what daemons keep in memory (S34)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, text

from signward_server.core.errors import StoreUnavailable
from signward_server.store.backend import Backend
from signward_server.store.driver import DriverSession, DriverStatement
from signward_server.store.failures import conflicting

__all__ = ["StoreVersion"]

_READ = text("SELECT value FROM meta WHERE name = 'version'")
_COUNT = text(
    "UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) "
    "WHERE name = 'version' RETURNING value"
)


class StoreVersion:
    """The version in the store, and the one that memory stands for.

    Args:
        backend: The database.
        session: Where the version is read outside of transactions.

    Attributes:
        known: What memory stands for; -1 until it is first read.
        made: What the newest change of our own made it.
    """

    def __init__(self, backend: Backend, session: DriverSession) -> None:
        self._durable = backend.durable
        self._announce = backend.announce
        self._session = session
        self._read = DriverStatement(backend.probing, _READ)
        self.known = -1
        self.made = -1

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

        It is counted first, which keeps all other changes waiting: rows are stamped with
        numbers in the order in which they are committed. Whoever begins one holds the lock of
        all that writes until memory is changed as well, and then has ``known`` ``follow``.

        Raises:
            EtagMismatch: The database undid it in favour of somebody else's transaction.
            StoreUnavailable: The store has no version, or an older one than memory.
        """
        with conflicting(), self._durable.begin() as connection:
            count = _number(connection.execute(_COUNT).first())
            if count <= self.known:
                raise StoreUnavailable
            yield connection
            if self._announce is not None:
                connection.execute(self._announce)
        self.made = count

    def follow(self) -> int:
        """Take the newest change of our own for known, now that memory has it, and return it.

        Unless there are changes that memory does not have yet: those of somebody else, or a
        commit that was reported as failed and went through all the same.
        """
        if self.made == self.known + 1:
            self.known = self.made
        return self.made


def _number(row: Sequence[object] | None) -> int:
    if row is None:
        raise StoreUnavailable
    try:
        return int(str(row[0]))
    except ValueError as exc:
        raise StoreUnavailable from exc
