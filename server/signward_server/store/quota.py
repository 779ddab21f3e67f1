"""How many request ids each identity has remembered, counted in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field

__all__ = ["Usage"]


@dataclass(slots=True)
class Usage:
    """The live claims of one identity, counted by steps of time.

    A step is dropped as a whole once its last moment is past the retention, so the count
    is never below the true one: nothing is evicted early to make room.

    Attributes:
        total: Claims that count.
        ours: How many of them are known without having been counted in the store.
    """

    total: int = 0
    ours: int = 0
    _steps: deque[list[int]] = field(default_factory=deque)

    def add(self, step: int, count: int = 1) -> None:
        """Count claims whose retention counts from a step."""
        place = bisect_left(self._steps, [step])
        if place < len(self._steps) and self._steps[place][0] == step:
            self._steps[place][1] += count
        else:
            self._steps.insert(place, [step, count])
        self.total += count

    def drop_until(self, step: int) -> None:
        """Drop every step before this one."""
        while self._steps and self._steps[0][0] < step:
            self.total -= self._steps.popleft()[1]

    @property
    def oldest(self) -> int:
        """The oldest step that counts.

        Raises:
            IndexError: Nothing counts.
        """
        return self._steps[0][0]
