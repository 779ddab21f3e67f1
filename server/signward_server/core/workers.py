"""Which of a daemon's worker processes this one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["ALONE", "Worker"]


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker among others of the same home.

    No two that live at the same time have the same number.

    Attributes:
        number: 0 to ``count`` - 1; ``count`` is the one that stands in for each of the others
            in turn while they are replaced.
        count: How many there are; 1: there is no supervisor, and nothing is shared.
    """

    number: int = 0
    count: int = 1

    @property
    def alone(self) -> bool:
        """Whether no other process serves the home."""
        return self.count == 1


ALONE: Final = Worker()
"""A daemon that is one process."""
