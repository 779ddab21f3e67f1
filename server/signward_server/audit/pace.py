"""Whether writes are quick: a disk that stalls must not hold up those who need not wait for it."""

from __future__ import annotations

import time

__all__ = ["Pace"]

_SLOW = 0.005  # seconds that a write may take
_REMEMBERED = 20  # times as long as it took, one that took longer is remembered
_SLOW_FOR = 1.0  # seconds for which it is remembered at most


class Pace:
    """Takes the time of one write after the other.

    A slow one is remembered in proportion: on a busy machine a write takes some milliseconds now
    and then because its thread was not let run, and not because of the disk.

    Attributes:
        began: Start of the write that is under way (``time.perf_counter``), 0 if none is.
    """

    __slots__ = ("_slow_until", "began")

    def __init__(self) -> None:
        self._slow_until = 0.0
        self.began = 0.0

    @property
    def is_quick(self) -> bool:
        """Whether no write takes long now, nor has lately."""
        began, now = self.began, time.perf_counter()
        return now >= self._slow_until and (not began or now - began < _SLOW)

    def took(self, began: float) -> None:
        """Note that a write has ended, which began at that time."""
        now = time.perf_counter()
        took = now - began
        if took > _SLOW:
            self._slow_until = now + min(_REMEMBERED * took, _SLOW_FOR)

    def expect_slow(self) -> None:
        """Note that something comes that will take longer."""
        self._slow_until = time.perf_counter() + _SLOW_FOR
