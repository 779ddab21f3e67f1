"""The system's time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial

from signward_server.core.ports import Clock

__all__ = ["Onward", "SystemClock"]


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
    """Time in which nothing that has ended begins anew when the wall clock is set back.

    It is the wall clock or, if that is later, what it was at start plus what has passed since.

    Args:
        clock: The clocks.
        for_good: Whether what the wall clock has once shown counts in place of its start: a
            clock that ran ahead for a moment has ended what it has ended.
    """

    __slots__ = ("_clock", "_for_good", "_offset")

    def __init__(self, clock: Clock, *, for_good: bool = False) -> None:
        self._clock = clock
        self._for_good = for_good
        self._offset = clock.time() - clock.monotonic()

    def time(self) -> float:
        """Return seconds since the epoch."""
        boot = self._clock.monotonic()
        offset = max(self._offset, self._clock.time() - boot)
        if self._for_good:
            self._offset = offset
        return offset + boot
