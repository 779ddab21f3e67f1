"""What was spent within a window, by parts of it: pure arithmetic on whole microseconds.

A part counts until its end has left the window, so that the sum is never below that of the
window itself, and above it by what was spent within one part more at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

__all__ = ["PARTS", "Ring"]

PARTS = 128
"""How many parts a window has."""


@dataclass(frozen=True, slots=True)
class Ring:
    """What was spent, and when.

    Attributes:
        window: Length of the window, above 0.
        latest: The latest time that was ever reached; time never falls below it.
        revision: How often it was changed.
        spent: What was spent in the parts that may still count, none of them 0; a part is
            named by its number since the epoch.
    """

    window: int
    latest: int = 0
    revision: int = 0
    spent: Mapping[int, int] = field(default_factory=dict)

    @property
    def part(self) -> int:
        """Length of a part."""
        return -(-self.window // PARTS)

    @property
    def current(self) -> int:
        """Number of the part that the latest time is in."""
        return self.latest // self.part

    @property
    def total(self) -> int:
        """What counts at the latest time."""
        return sum(self.spent.values())

    def at(self, now: int, window: int) -> Ring:
        """Return it at a time, or at the latest one if that is later.

        Args:
            now: The time.
            window: Length of the window from now on. Where it was another one, each part goes
                to the first new one that does not end before it.
        """
        latest = max(self.latest, now)
        spent: dict[int, int] = {}
        part = -(-window // PARTS)
        for number, amount in self.spent.items():
            end = (number + 1) * self.part
            if end + window > latest:
                moved = number if part == self.part else -(-end // part) - 1
                spent[moved] = spent.get(moved, 0) + amount
        return replace(self, window=window, latest=latest, spent=spent)

    def with_spent(self, amount: int) -> Ring:
        """Return it with an amount spent at the latest time."""
        return self._changed(self.current, amount)

    def without(self, number: int, amount: int) -> Ring:
        """Return it with an amount given back that was spent in a part."""
        return self._changed(number, -amount)

    def merged(self, other: Ring) -> Ring:
        """Return what either of two states has counted, part by part, for this one's window."""
        one = self.at(other.latest, self.window)
        other = other.at(one.latest, one.window)
        numbers = one.spent.keys() | other.spent.keys()
        spent = {n: max(one.spent.get(n, 0), other.spent.get(n, 0)) for n in numbers}
        return replace(one, revision=max(one.revision, other.revision), spent=spent)

    def falls(self) -> Iterator[tuple[int, int]]:
        """Yield each time at which a part leaves the window, and the total from then on."""
        total = self.total
        for number in sorted(self.spent):
            total -= self.spent[number]
            yield (number + 1) * self.part + self.window, total

    def _changed(self, number: int, by: int) -> Ring:
        amount = max(self.spent.get(number, 0) + by, 0)
        spent = {**self.spent, number: amount}
        if not amount:
            del spent[number]
        return replace(self, revision=self.revision + 1, spent=spent)
