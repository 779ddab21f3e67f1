"""The homes that serve from a store, each with its generation (S41)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from signward_server.store.failures import unavailable
from signward_server.store.meta_values import ADOPTED, set_value, value_of
from signward_server.store.nonces import skip_ahead
from signward_server.store.rows import from_epoch, since_epoch
from signward_server.store.schema import approvals, homes
from signward_server.store.writing import Writing

__all__ = ["StoredHomes"]


class StoredHomes:
    """Rows of ``homes``; what is written is on the disk when a method returns.

    Args:
        durable: Engine whose commits are on the disk when they return.
        writing: Lock of everything that writes to the store.
        version: Reads the store's version.
    """

    def __init__(self, durable: Engine, writing: Writing, version: Callable[[], int]) -> None:
        self._durable = durable
        self._writing = writing
        self._version = version

    @property
    def version(self) -> int:
        """How often keys or API keys were changed.

        Raises:
            StoreUnavailable: It cannot be read.
        """
        return self._version()

    @property
    def adopted(self) -> datetime | None:
        """See ``core.ports.Adopted``."""
        with unavailable(), self._durable.begin() as connection:
            found = value_of(connection, ADOPTED)
        return None if found is None else from_epoch(int(found))

    def generations(self) -> Mapping[str, int]:
        """Return the generation of each home.

        Raises:
            StoreUnavailable: They cannot be read.
        """
        with unavailable(), self._durable.begin() as connection:
            return {str(row.id): int(row.generation) for row in connection.execute(select(homes))}

    def advance(self, home: str, expected: int) -> bool:
        """Count one up if the generation is the expected one; return whether it was.

        Args:
            home: Id.
            expected: 0 for a home that has no row yet.

        Raises:
            StoreUnavailable: Nothing was changed.
        """
        with self._writing, unavailable():
            try:
                with self._durable.begin() as connection:
                    if not expected:
                        connection.execute(insert(homes).values(id=home, generation=1))
                        return True
                    changed = update(homes).where(
                        homes.c.id == home, homes.c.generation == expected
                    )
                    done = connection.execute(changed.values(generation=expected + 1))
                    return done.rowcount == 1
            except IntegrityError:
                return False

    def adopt(self, home: str, generation: int, now: datetime, *, joins: bool = False) -> None:
        """Give a home a generation, whatever it had, and remember when; skip nonces ahead.

        Approvals are over: one that was used since may have come back.

        Args:
            home: Its id.
            generation: How often it was started or adopted.
            now: When.
            joins: Whether others serve from the store, which is therefore no older than what
                was signed: then windows stay open, and nonces go on where they are.

        Raises:
            StoreUnavailable: Nothing was changed.
        """
        row = homes.c.id == home
        with self._writing, unavailable(), self._durable.begin() as connection:
            done = connection.execute(update(homes).where(row).values(generation=generation))
            if not done.rowcount:
                connection.execute(insert(homes).values(id=home, generation=generation))
            connection.execute(delete(approvals))
            if not joins:
                set_value(connection, ADOPTED, str(since_epoch(now)))
                skip_ahead(connection, since_epoch(now) // 1000)
