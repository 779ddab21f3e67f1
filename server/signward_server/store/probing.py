"""Whether a store can be written, as far as was seen lately."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Clock
from signward_server.store.backend import Backend
from signward_server.store.driver import DriverSession, DriverStatement
from signward_server.store.writing import Writing

__all__ = ["Probing"]

_TTL_S: Final = 1.0
_PROBE = text("UPDATE meta SET value = :value WHERE name = 'probe'")


class Probing:
    """Sees it by what is written anyway, and tries where nothing was.

    Args:
        backend: The database.
        session: Runs what it tries.
        changes: Lock of all changes of this process.
        claims: That of all claims, which may be the same.
        clock: Says how long ago something was written.
    """

    def __init__(
        self,
        backend: Backend,
        session: DriverSession,
        changes: Writing,
        claims: Writing,
        clock: Clock,
    ) -> None:
        self._session = session
        self._probe = DriverStatement(backend.probing, _PROBE)
        self._changes = changes
        self._writings = {changes, claims}
        self._clock = clock
        self._probed: tuple[float, bool] | None = None

    def healthy(self) -> bool:
        """Return whether the store can be written, as of at most a second ago."""
        if any(writing.doubtful for writing in self._writings):
            return False
        if any(writing.age < _TTL_S or writing.under_way for writing in self._writings):
            return True
        now = self._clock.monotonic()
        probed = self._probed
        if probed is None or now - probed[0] >= _TTL_S:
            probed = (now, self._can_write(now))
            self._probed = probed
        return probed[1]

    def _can_write(self, now: float) -> bool:
        if not self._changes.patiently():
            return False
        try:
            self._session.first(self._probe, {"value": str(int(now))})
        except StoreUnavailable:
            return False
        finally:
            self._changes.release()
        return True
