"""The system's time."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from signward_server.core.ports import Clock

__all__ = ["Onward", "SystemClock"]


class SystemClock:
    """The kernel's clocks; implements ``ports.Clock``."""

    def now(self) -> datetime:
        """Return the wall-clock time, in UTC."""
        return datetime.now(UTC)

    def time(self) -> float:
        """Return the wall-clock time as seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds since boot, suspended time included (``CLOCK_BOOTTIME``)."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)


class Onward:
    """Time in which nothing that has ended begins anew when the wall clock is set back.

    It is the wall clock or, if that is later, what it was at start plus what has passed since.

    Args:
        clock: The clocks.
    """

    __slots__ = ("_clock", "_offset")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.time() - clock.monotonic()

    def time(self) -> float:
        """Return seconds since the epoch."""
        return max(self._clock.time(), self._offset + self._clock.monotonic())
