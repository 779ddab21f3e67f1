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
from signward_server.store.nonces.numbering import AHEAD_MS, Numbering, TooFarAhead
from signward_server.store.nonces.trusted_time import TrustedTime

__all__ = ["StoredNonces"]

_LATEST_MS: Final = 5_000  # that a caller may choose ahead (S31)
_EARLIEST_MS: Final = (2 * 24 * 60 - 1) * 60_000  # and back: the exchange takes two days
_PATIENCE_MS: Final = 25  # that somebody may wait until the next number is close to now
_SOON_MS: Final = 50  # in which a number is taken after it was seen to be there
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
        self, lanes: Lanes, count: int, time: TrustedTime, pause: Callable[[float], object]
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

    def is_quick(self, signer: bytes) -> bool:
        """See ``core.ports.Nonces.is_quick``."""
        numbering = self._holding.held
        if numbering is None or signer in numbering.chosen:
            return False
        with self._holding.numbers:
            try:
                number = numbering.next(signer, self._time.now())
            except (TooFarAhead, ClockUntrusted):
                return False
            return number + _SOON_MS <= numbering.held.horizon

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
                if exc.wait > FAR_MS:
                    raise ClockUntrusted from exc
                if waited > _PATIENCE_MS or not self._waiters.acquire(blocking=False):
                    raise RateLimited(retry_after=exc.wait / 1000) from exc
                try:
                    self._pause(exc.wait / 1000)
                finally:
                    self._waiters.release()

    def _give(self, numbering: Numbering, signer: bytes) -> tuple[int, bool]:
        with self._holding.numbers:
            now, held = self._look(numbering), numbering.held
            if signer not in numbering.chosen:
                number = numbering.next(signer, now)
                if number - now > FAR_MS:
                    raise ClockUntrusted
                if given := number <= held.horizon:
                    numbering.keep(signer, number)
                return number, given
        return self._lanes.next_above(held, signer, now, now + AHEAD_MS - 1), True

    def _choose(self, numbering: Numbering, signer: bytes, wanted: int) -> int:
        with self._holding.numbers:
            now, held = self._look(numbering), numbering.held
            alone = held.lanes == 1
            last = max(now - _EARLIEST_MS, numbering.last(signer) if alone else 0)
            latest = now + _LATEST_MS
            if not last < wanted <= latest:
                raise _out_of_window(last, latest)
            if alone:  # before it is known for good, so that nobody gets it meanwhile
                numbering.raise_floor(signer, wanted)
        claim = self._lanes.claim_alone if alone else self._lanes.claim
        floor = claim(held, signer, wanted)
        with self._holding.numbers:
            numbering.learn([(signer, wanted)])
        if floor:
            raise _out_of_window(floor, latest)
        return wanted

    def _look(self, numbering: Numbering) -> int:
        """Return the time, if these are the numbers to give; have their horizon be raised."""
        self._holding.ensure(numbering)
        now = self._time.now()
        self._holding.asked = True
        return now


def _out_of_window(last: int, latest: int) -> NonceOutOfWindow:
    return NonceOutOfWindow(metadata={"last": str(last), "latest": str(latest)})
