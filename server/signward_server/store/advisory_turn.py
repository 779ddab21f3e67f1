"""Whose turn it is, among the processes that share a PostgreSQL database."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Engine, text

from signward_server.core.errors import StoreUnavailable
from signward_server.store.driver import DriverSession, DriverStatement

__all__ = ["AdvisoryTurn"]

_KEY = 0x5357524400000001
_TAKE = text("SELECT pg_try_advisory_lock(:key)")
_LEAVE = text("SELECT pg_advisory_unlock(:key)")
_HELD = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    " AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid = :high AND objid = :low AND objsubid = 1"
)


class AdvisoryTurn:
    """Implements ``core.ports.Turn`` with an advisory lock, which ends with its session.

    Whoever takes the turn keeps it while the session lives. The server may end that before the
    process knows, and give the turn to somebody else: two can have it until the next look.

    Args:
        engine: Each of its statements commits by itself.
    """

    def __init__(self, engine: Engine) -> None:
        self._session = DriverSession(engine)
        self._closed = False
        self._take = DriverStatement(engine, _TAKE)
        self._held = DriverStatement(engine, _HELD)
        self._leave = DriverStatement(engine, _LEAVE)

    def held(self) -> bool:
        """See ``core.ports.Turn.held``.

        Raises:
            StoreUnavailable: The database does not say.
        """
        if self._closed:
            return False
        parts = {"high": _KEY >> 32, "low": _KEY & 0xFFFFFFFF}
        held = self._session.first(self._held, parts)
        if held is not None and held[0]:
            return True
        taken = self._session.first(self._take, {"key": _KEY})
        return taken is not None and bool(taken[0])

    def close(self) -> None:
        """Leave the turn to others."""
        if not self._closed:
            self._closed = True
            with suppress(StoreUnavailable):  # then the lock goes with the session
                self._session.first(self._leave, {"key": _KEY})
        self._session.close()
