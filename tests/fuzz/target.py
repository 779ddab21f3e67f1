"""What a target of fuzzing is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Target", "expected", "explained"]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that reads bytes of others.

    Attributes:
        check: Reads them. It raises nothing but for a defect: what is refused by an error
            that is promised passes, and what is accepted is held against other rules.
        seeds: What it accepts, or nearly, to begin with.
    """

    check: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def expected(holds: bool) -> None:
    """Raise unless a refusal is as it should be."""
    assert holds


def explained(problems: Sequence[object]) -> None:
    """Raise unless a refusal says why."""
    assert problems
    assert all(getattr(problem, "text", "") for problem in problems)
