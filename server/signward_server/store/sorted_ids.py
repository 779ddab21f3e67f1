"""Many ids in order, of which a changed copy is cheap."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

__all__ = ["SortedIds"]

_PART = 512


class SortedIds:
    """Ids in order, each once; nobody changes what is here.

    They stand in parts, so that a copy with one more shares all parts but one: copying a
    hundred thousand references takes milliseconds, since each id is touched.

    Args:
        ids: In any order.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        ordered = sorted(ids)
        self._parts: list[list[str]] = [
            ordered[start : start + _PART] for start in range(0, len(ordered), _PART)
        ]
        self._firsts = [part[0] for part in self._parts]
        self._size = len(ordered)

    def __len__(self) -> int:
        """Return how many there are."""
        return self._size

    def __iter__(self) -> Iterator[str]:
        """Iterate over all, in order."""
        for part in self._parts:
            yield from part

    def after(self, text: str, skip: int = 0) -> Iterator[str]:
        """Iterate over those above a text, without the first ``skip`` of them."""
        at = max(bisect_right(self._firsts, text) - 1, 0)
        for number, part in enumerate(self._parts[at:]):
            start = (bisect_right(part, text) if number == 0 else 0) + skip
            if start < len(part):
                skip = 0
                yield from islice(part, start, None)
            else:
                skip = start - len(part)

    def with_(self, new: Sequence[str]) -> SortedIds:
        """Return a copy with further ids, none of which is here."""
        if len(new) != 1:
            return SortedIds([*self, *new]) if new else self
        at = max(bisect_right(self._firsts, new[0]) - 1, 0)
        part = list(self._parts[at]) if self._parts else []
        insort(part, new[0])
        return self._exchanged(at, part)

    def without(self, text: str) -> SortedIds:
        """Return a copy without an id."""
        at = max(bisect_right(self._firsts, text) - 1, 0)
        if not self._parts or text not in self._parts[at]:
            return self
        return self._exchanged(at, [each for each in self._parts[at] if each != text])

    def _exchanged(self, at: int, part: list[str]) -> SortedIds:
        """Return a copy with another part in the place of one, halved if it is large."""
        half = len(part) // 2 if len(part) > 2 * _PART else len(part)
        parts = [each for each in (part[:half], part[half:]) if each]
        changed = SortedIds()
        changed._parts = [*self._parts[:at], *parts, *self._parts[at + 1 :]]
        changed._firsts = [
            *self._firsts[:at],
            *(each[0] for each in parts),
            *self._firsts[at + 1 :],
        ]
        changed._size = self._size - len(self._parts[at] if self._parts else ()) + len(part)
        return changed
