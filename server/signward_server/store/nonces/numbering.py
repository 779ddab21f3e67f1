"""The numbers of one lane: pure, without a clock, a store or a lock.

Of N lanes, lane k has the numbers n with n mod N = k, so that processes with a lane each never
give the same one, and all stay close to now: the exchange keeps only the 100 highest nonces of a
signer, and takes none below them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["AHEAD_MS", "Held", "Numbering", "TooFarAhead"]

AHEAD_MS: Final = 64
"""How many milliseconds beyond now the lanes together give to one signer.

So many numbers may be above one that was given at the same time; what is left of the exchange's
100 is for those that are given while it is on its way there.
"""


class TooFarAhead(Exception):  # noqa: N818 -- what happened
    """The signer's next number is too far ahead of time.

    Args:
        wait: Milliseconds after which it is not.
    """

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Held:
    """A lane that a process holds.

    Attributes:
        lane: Its number, from 0.
        lanes: How many there are.
        holder: Whom the store knows as its holder.
        start: All numbers up to this one may have been given by others.
        horizon: The highest that the holder may give.
    """

    lane: int
    lanes: int
    holder: str
    start: int
    horizon: int


class Numbering:
    """Gives each signer the smallest number of a lane that is at or above now and its last one.

    Args:
        held: The lane; its horizon is raised from outside.

    Attributes:
        chosen: Signers that no lane gives numbers to, since their callers chose some: theirs are
            taken one by one in the store. None where there is one lane, whose holder knows all.
    """

    def __init__(self, held: Held) -> None:
        self.held = held
        self._highest = held.start
        self._last: dict[bytes, int] = {}
        self._floors: dict[bytes, int] = {}
        self.chosen: set[bytes] = set()

    @property
    def highest(self) -> int:
        """At least the highest number that was given."""
        return self._highest

    def last(self, signer: bytes) -> int:
        """Return the number that a signer's next one is above."""
        return self._last.get(signer, self.held.start)

    def next(self, signer: bytes, now: int) -> int:
        """Return a signer's next number; it counts once it is ``keep``-ed.

        Raises:
            TooFarAhead: There is none close to now.
        """
        least = max(now, self.last(signer) + 1)
        number = least + (self.held.lane - least) % self.held.lanes
        close = max(now, self._floors.get(signer, 0) + 1) + AHEAD_MS
        if number >= close:
            raise TooFarAhead(number - close + 1)
        return number

    def keep(self, signer: bytes, number: int) -> None:
        """Give a number to a signer for good."""
        self._last[signer] = number
        self._highest = max(self._highest, number)

    def learn(self, floors: Iterable[tuple[bytes, int]]) -> None:
        """Take the store's floors for known."""
        if self.held.lanes > 1:
            self.chosen.update(signer for signer, _ in floors)
            return
        for signer, floor in floors:
            self.raise_floor(signer, floor)

    def raise_floor(self, signer: bytes, floor: int) -> None:
        """Have all that a signer gets be above a number that its caller chose."""
        if floor > self._floors.get(signer, 0):
            self._floors[signer] = floor
        if floor > self.last(signer):
            self._last[signer] = floor
