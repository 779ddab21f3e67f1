"""Time for nonces: it never jumps, and it ends where the wall clock does (promise 6).

It runs with the clock that counts since boot. Where it began the wall clock says or, where several
machines share a database, that of its server, so that they agree to a millisecond: replicas
whose nonces are apart by a second would push each other's out of the exchange's window.
"""

from __future__ import annotations

import logging
import threading
from typing import Final

from signward_server.core.errors import ClockUntrusted
from signward_server.core.ports import Clock, Event, Meter
from signward_server.core.value import value

__all__ = ["Reading", "TrustedTime", "Witness"]

_STEP_S: Final = 1.0
_SLEW: Final = 0.05  # seconds for each second
_DISAGREEMENT_S: Final = 5.0
_SEEN_S: Final = 5.0  # the audit log sees larger steps by itself: ``audit.clock_watch``

_log = logging.getLogger(__name__)


@value
class Reading:
    """What the wall clock showed between two looks at the other one; seconds.

    However long the thread had to wait in between, what is known of the difference is right.
    """

    before: float
    wall: float
    after: float

    def beyond(self, offset: float) -> float:
        """Return by how much the wall clock is at least off ``offset`` from the other one."""
        if self.wall - self.before < offset:
            return self.wall - self.before - offset
        return max(self.wall - self.after - offset, 0.0)


Witness = Reading
"""What another machine's clock showed between two looks at our own."""


class TrustedTime:
    """Trusts the wall clock until it is set by more than a second; safe for threads.

    A smaller difference is made up for slowly, by 50 ms a second.

    Args:
        clock: The clocks.
        meter: Counts steps.
    """

    def __init__(self, clock: Clock, meter: Meter) -> None:
        self._clock = clock
        self._meter = meter
        self._lock = threading.Lock()
        self._steps: list[int] = []
        self._disagrees = False
        self.begin()

    def begin(self) -> None:
        """Believe the wall clock as it is: nothing was given by this time yet."""
        reading = self.read()
        with self._lock:
            self._wall = self._offset = reading.wall - reading.after  # from the other clock
            self._server: float | None = None
            self._looked = reading.after
            self._lost = False

    @property
    def trusted(self) -> bool:
        """Whether it counts."""
        return not self._lost and not self._disagrees

    def read(self) -> Reading:
        """Look at the clocks."""
        before = self._clock.monotonic()
        return Reading(before, self._clock.time(), self._clock.monotonic())

    def now(self) -> int:
        """Return milliseconds since the epoch.

        Raises:
            ClockUntrusted: The wall clock was set, and not put back.
        """
        reading = self.read()
        with self._lock:
            self._look(reading)
            if self._lost:
                raise ClockUntrusted
            return int((reading.after + self._offset) * 1000)

    def agree(self, witness: Witness | None) -> None:
        """Compare with the server's clock, if there is one.

        Raises:
            ClockUntrusted: It differs by seconds; nobody knows which is right.
        """
        if witness is None:
            return
        reading = self.read()
        with self._lock:
            self._disagree(witness.beyond(reading.wall - reading.after))
            if self._server is None:
                self._offset += witness.beyond(self._offset)
                self._server = self._offset
            self._server += witness.beyond(self._server)

    def steps(self) -> list[int]:
        """Return by how many milliseconds the wall clock was set, those that nobody was told of."""
        with self._lock:
            steps, self._steps = self._steps, []
        return steps

    def _look(self, reading: Reading) -> None:
        error = reading.beyond(self._wall)
        if abs(error) > _STEP_S:
            if not self._lost:
                self._lose(error)
            return
        if self._lost:
            self._lost = False
            _log.warning("the wall clock is right again; nonces are given")
        most = _SLEW * min(max(reading.after - self._looked, 0.0), 1.0)
        self._looked = max(reading.after, self._looked)
        self._wall += _within(error, most)
        target = self._wall if self._server is None else self._server
        self._offset += _within(target - self._offset, most)

    def _lose(self, error: float) -> None:
        self._lost = True
        step = round(error * 1000)
        _log.error("the wall clock was set; no nonces are given", extra={"step_ms": step})
        if abs(error) <= _SEEN_S:
            self._meter.count(Event.CLOCK_STEPPED)
            self._steps.append(step)

    def _disagree(self, apart: float) -> None:
        disagrees = abs(apart) > _DISAGREEMENT_S
        if disagrees and not self._disagrees:
            milliseconds = round(apart * 1000)
            _log.error(
                "the clock of the database is another one; no nonces are given",
                extra={"ahead_ms": milliseconds},
            )
        self._disagrees = disagrees
        if disagrees:
            raise ClockUntrusted


def _within(error: float, most: float) -> float:
    return min(max(error, -most), most)
