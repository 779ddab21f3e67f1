"""The system's time."""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["SystemClock"]


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
