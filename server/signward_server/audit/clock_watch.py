"""Notices when the wall clock is set while the daemon runs (S13)."""

from __future__ import annotations

import logging

from signward_server.core.ports import Clock, Event, Meter

__all__ = ["ClockWatch"]

_log = logging.getLogger(__name__)

_LARGEST = 5.0  # seconds between two looks


class ClockWatch:
    """Compares the wall clock with the clock that counts since boot, look by look.

    Args:
        clock: Both.
        meter: Counts the steps.
    """

    def __init__(self, clock: Clock, meter: Meter) -> None:
        self._clock = clock
        self._meter = meter
        self._offset = self._now()

    def look(self) -> int:
        """Return by how many milliseconds the wall clock was set since the last look.

        0 for what is within a few seconds.
        """
        offset = self._now()
        step, self._offset = offset - self._offset, offset
        if abs(step) <= _LARGEST:
            return 0
        milliseconds = round(step * 1000)
        _log.error("the wall clock was set", extra={"step_ms": milliseconds})
        self._meter.count(Event.CLOCK_STEPPED)
        return milliseconds

    def _now(self) -> float:
        return self._clock.time() - self._clock.monotonic()
