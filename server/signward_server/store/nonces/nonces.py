"""Nonces that no two processes give twice, close to now, without a write for each (promise 6)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import (
    ClockUntrusted,
    NonceOutOfWindow,
    RateLimited,
    StoreUnavailable,
)
from signward_server.core.ports import Audit
from signward_server.store.nonces.holding import FAR_MS, Holding
from signward_server.store.nonces.lanes import LaneLost, Lanes
from signward_server.store.nonces.numbering import Numbering, TooFarAhead
from signward_server.store.nonces.steady_time import SteadyTime

__all__ = ["StoredNonces"]

_LATEST_MS: Final = 5_000  # that a caller may choose ahead (S31)
_EARLIEST_MS: Final = 1_000  # and back, where others may have given later ones
_PATIENCE_MS: Final = 25  # that somebody may wait until the next number is close to now
_WAITERS: Final = 4  # threads that wait at a time
_TRIES: Final = 32


class StoredNonces:
    """Implements ``core.ports.Nonces``; see ``docs/adr/0017-nonces.md``.

    Args:
        lanes: Where lanes are kept.
        count: How many lanes there are to be.
        time: What numbers are close to.
        pause: Waits for so many seconds.
    """

    def __init__(
        self, lanes: Lanes, count: int, time: SteadyTime, pause: Callable[[float], object]
    ) -> None:
        self._lanes = lanes
        self._time = time
        self._pause = pause
        self._holding = Holding(lanes, count, time, pause)
        self._waiters = threading.BoundedSemaphore(_WAITERS)

    @property
    def trusted(self) -> bool:
        """Whether the clock counts, as far as is known."""
        return self._holding.trusted

    @property
    def lacking(self) -> bool:
        """Whether no lane could be had when one was needed last."""
        return self._holding.lacking

    def take(self, signer: bytes, wanted: int = 0) -> int:
        """See ``core.ports.Nonces.take``."""
        for _ in range(_TRIES):
            numbering = self._holding.get()
            try:
                if wanted:
                    return self._choose(numbering, signer, wanted)
                number, given = self._next(numbering, signer)
                if given:
                    return number
                self._holding.lift(numbering, number)
            except LaneLost:
                self._holding.drop(numbering)
        raise StoreUnavailable

    def renew(self) -> None:
        """See ``Holding.renew``."""
        self._holding.renew()

    def look(self, audit: Audit) -> None:
        """Look at the clock, and have the log tell that it was set; to be done each second."""
        if self._holding.used:
            with suppress(ClockUntrusted):
                self._time.now()
        for step in self._time.steps():
            audit.note(AuditEvent.CLOCK_STEPPED, {"step_ms": step})

    def close(self) -> None:
        """Give no more; see ``Holding.close``."""
        self._holding.close()

    def _next(self, numbering: Numbering, signer: bytes) -> tuple[int, bool]:
        """Return the next number, and whether it is given; else it lies beyond the horizon."""
        waited = 0
        while True:
            try:
                return self._give(numbering, signer)
            except TooFarAhead as exc:
                waited += exc.wait
                if waited > _PATIENCE_MS or not self._waiters.acquire(blocking=False):
                    raise RateLimited(retry_after=exc.wait / 1000) from exc
                try:
                    self._pause(exc.wait / 1000)
                finally:
                    self._waiters.release()

    def _give(self, numbering: Numbering, signer: bytes) -> tuple[int, bool]:
        with self._holding.numbers:
            self._holding.ensure(numbering)
            now = self._time.now()
            number = numbering.next(signer, now)
            if number - now > FAR_MS:
                raise ClockUntrusted
            self._holding.asked = True
            given = number <= numbering.held.horizon
            if given:
                numbering.keep(signer, number)
            return number, given

    def _choose(self, numbering: Numbering, signer: bytes, wanted: int) -> int:
        with self._holding.numbers:
            self._holding.ensure(numbering)
            now, held = self._time.now(), numbering.held
            last, latest = numbering.last(signer), now + _LATEST_MS
            if held.lanes > 1:
                last = max(last, now - _EARLIEST_MS)
            if not last < wanted <= latest:
                raise _out_of_window(last, latest)
            own = wanted % held.lanes == held.lane
            if own:  # before it is known for good, so that nobody gets it meanwhile
                numbering.raise_floor(signer, wanted)
        least = self._lanes.choose(held, signer, wanted)
        if least:
            raise _out_of_window(least, latest)
        if not own:
            with self._holding.numbers:
                numbering.raise_floor(signer, wanted)
        return wanted


def _out_of_window(last: int, latest: int) -> NonceOutOfWindow:
    return NonceOutOfWindow(metadata={"last": str(last), "latest": str(latest)})
