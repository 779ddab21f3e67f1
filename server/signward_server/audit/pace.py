"""Whether writes are quick: a disk that stalls must not hold up those who need not wait for it."""

from __future__ import annotations

import time

__all__ = ["Pace"]

_SLOW = 0.005  # seconds that a write may take
_SLOW_FOR = 1.0  # seconds for which one that took longer is remembered


class Pace:
    """Takes the time of one write after the other."""

    __slots__ = ("_began", "_slow_until")

    def __init__(self) -> None:
        self._began = 0.0  # of the write that is under way
        self._slow_until = 0.0

    @property
    def is_quick(self) -> bool:
        """Whether no write takes long now, nor has lately."""
        began, now = self._began, time.perf_counter()
        return now >= self._slow_until and (not began or now - began < _SLOW)

    def begin(self) -> None:
        """A write begins."""
        self._began = time.perf_counter()

    def end(self) -> None:
        """It has ended, well or not."""
        now = time.perf_counter()
        if now - self._began > _SLOW:
            self._slow_until = now + _SLOW_FOR
        self._began = 0.0

    def expect_slow(self) -> None:
        """Something comes that will take longer."""
        self._slow_until = time.perf_counter() + _SLOW_FOR
