"""The time below which no process falls again, in one row of the store (S13)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine, text

from signward_server.core.errors import StoreUnavailable
from signward_server.store.driver import DriverSession, DriverStatement
from signward_server.store.writing import Writing

__all__ = ["StoredTimeFloor"]

_SECOND: Final = 1_000_000
_END: Final = 253_402_300_800  # seconds at which the calendar ends
_READ = text("SELECT value FROM meta WHERE name = 'time'")
_LIFT = text(
    "UPDATE meta SET value = :value WHERE name = 'time' AND CAST(value AS BIGINT) < :least"
)


class StoredTimeFloor:
    """Implements ``core.ports.TimeFloor``.

    Args:
        swift: Engine whose commits survive the death of the process. A loss of power may take
            the last moments back; whatever they ended is stored durably by then.
        writing: Lock of everything that writes to the store.
    """

    def __init__(self, swift: Engine, writing: Writing) -> None:
        self._session = DriverSession(swift)
        self._writing = writing
        self._read = DriverStatement(swift, _READ)
        self._lift = DriverStatement(swift, _LIFT)

    def read(self) -> float:
        """See ``core.ports.TimeFloor.read``."""
        row = self._session.first(self._read, {})
        try:
            time = int(row[0]) / _SECOND if row is not None else -1.0
        except ValueError as exc:
            raise StoreUnavailable from exc
        if not 0 <= time < _END:
            raise StoreUnavailable
        return time

    def lift(self, time: float) -> None:
        """See ``core.ports.TimeFloor.lift``."""
        value = round(time * _SECOND)
        with self._writing:
            self._session.first(self._lift, {"value": str(value), "least": value})

    def close(self) -> None:
        """Let go of the database."""
        self._session.close()
