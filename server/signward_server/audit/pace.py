"""Whether writes are quick, and the disk keeps up.

A disk that stalls must not hold up those who need not wait for it, nor may more and more be
answered then that a loss of power would take.
"""

from __future__ import annotations

import time

__all__ = ["Pace"]

_SLOW = 0.005  # seconds that a write may take
_REMEMBERED = 20  # times as long as it took, one that took longer is remembered
_SLOW_FOR = 1.0  # seconds for which it is remembered at most


class Pace:
    """Takes the time of one write after the other, and of the way to the disk.

    A slow one is remembered in proportion: on a busy machine a write takes some milliseconds now
    and then because its thread was not let run, and not because of the disk.

    Args:
        longest: Seconds for which a record may be written and not on the disk.

    Attributes:
        began: Start of the write that is under way (``time.perf_counter``), 0 if none is.
        unsynced: When the oldest record that is not known to be on the disk was written, at the
            earliest (``time.perf_counter``); 0 if there is none.
    """

    __slots__ = ("_longest", "_slow_until", "began", "unsynced")

    def __init__(self, longest: float = 1.0) -> None:
        self._longest = longest
        self.unsynced = 0.0
        self._slow_until = 0.0
        self.began = 0.0

    @property
    def is_quick(self) -> bool:
        """Whether no write takes long now, nor has lately, and the disk keeps up."""
        began, now = self.began, time.perf_counter()
        if self.unsynced and self.is_stalled:
            return False
        return now >= self._slow_until and (not began or now - began < _SLOW)

    @property
    def is_stalled(self) -> bool:
        """Whether something has been on its way to the disk for too long."""
        since = self.unsynced
        return bool(since) and time.perf_counter() - since > self._longest

    def took(self, began: float) -> None:
        """Note that a write has ended, which began at that time."""
        now = time.perf_counter()
        took = now - began
        if took > _SLOW:
            self._slow_until = now + min(_REMEMBERED * took, _SLOW_FOR)

    def expect_slow(self) -> None:
        """Note that something comes that will take longer."""
        self._slow_until = time.perf_counter() + _SLOW_FOR
