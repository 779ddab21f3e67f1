"""The system's time, and what is made of it where a wall clock that is set must not count."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial

from signward_server.core.ports import Clock

__all__ = ["Onward", "Patient", "Steady", "SystemClock"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SystemClock:
    """The kernel's clocks; implements ``ports.Clock``.

    A signature asks for the time some ten times, so that what is asked is C at once.

    Attributes:
        time: Returns the wall-clock time as seconds since the epoch.
        monotonic: Returns seconds since boot, suspended time included (``CLOCK_BOOTTIME``).
    """

    __slots__ = ("monotonic", "time")

    def __init__(self) -> None:
        self.time = time.time
        self.monotonic = partial(time.clock_gettime, time.CLOCK_BOOTTIME)

    def now(self) -> datetime:
        """Return the wall-clock time, in UTC."""
        return datetime.now(UTC)


class Onward:
    """Time in which nothing that has ended begins anew when the wall clock is set back (S13).

    It is the wall clock or, if that is later, what it was at start plus what has passed since.
    For what may never come back, not even in the next process, it begins at a floor that the
    store keeps. Safe for threads; implements ``ports.Time``.

    Args:
        clock: The clocks.
        for_good: Whether what the wall clock has once shown counts in place of its start: a
            clock that ran ahead for a moment has ended what it has ended.
        floor: Seconds since the epoch below which it never is.
        reserved: How many of these lay ahead of time when the floor was stored. It stands
            still for so long at most where the wall clock shows less, and so gains nothing
            however often a process is started.
    """

    __slots__ = ("_clock", "_floor", "_for_good", "_offset", "_raising")

    def __init__(
        self,
        clock: Clock,
        *,
        for_good: bool = False,
        floor: float = 0.0,
        reserved: float = 0.0,
    ) -> None:
        self._clock = clock
        self._for_good = for_good
        self._raising = threading.Lock()
        self._floor = floor
        self._offset = max(clock.time(), floor - reserved) - clock.monotonic()

    def time(self) -> float:
        """Return seconds since the epoch."""
        return max(self._floor, self._running())

    def after(self, seconds: float) -> float:
        """Return what ``time`` will be in so many seconds, if nobody sets the wall clock."""
        return max(self._floor, self._running() + seconds)

    def now(self) -> datetime:
        """Return the same in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def reach(self, floor: float, reserved: float = 0.0) -> None:
        """Take another floor, if it is higher: another process may have seen this time."""
        with self._raising:
            self._floor = max(self._floor, floor)
        self._raise(floor - reserved - self._clock.monotonic())

    def _running(self) -> float:
        # The wall clock first: a thread that has to wait in between must not run ahead.
        wall, boot = self._clock.time(), self._clock.monotonic()
        offset = wall - boot
        if offset <= self._offset:
            return self._offset + boot
        if self._for_good:
            self._raise(offset)
        return wall

    def _raise(self, offset: float) -> None:
        with self._raising:
            self._offset = max(self._offset, offset)


class Patient:
    """Time that comes no sooner than it passes, for what cannot be undone.

    It is the wall clock or, if that is earlier, what it was at start plus what has passed
    since: a clock that is set ahead while the daemon runs brings nothing nearer.

    Args:
        clock: The clocks.
    """

    __slots__ = ("_clock", "_offset")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.time() - clock.monotonic()

    def time(self) -> float:
        """Return seconds since the epoch."""
        return min(self._clock.time(), self._offset + self._clock.monotonic())

    def now(self) -> datetime:
        """Return the same in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)


class Steady:
    """Time that passes as the machine's own clock does, whatever the wall clock is set to (S13).

    Implements ``ports.Time``.

    Args:
        clock: The clocks.
        offset: Microseconds since the epoch at which the machine's clock showed 0; by default
            what the wall clock says of that now.
    """

    __slots__ = ("_clock", "offset")

    def __init__(self, clock: Clock, offset: int | None = None) -> None:
        self._clock = clock
        if offset is None:
            offset = round((clock.time() - clock.monotonic()) * 1_000_000)
        self.offset = offset

    def now(self) -> datetime:
        """Return it in UTC."""
        return _EPOCH + timedelta(microseconds=self.offset, seconds=self._clock.monotonic())
