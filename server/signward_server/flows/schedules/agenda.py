"""When time brings one kind of step to keys: what is next, what is near, what is due."""

from __future__ import annotations

import heapq
from collections.abc import Callable

__all__ = ["Agenda"]

_Entry = tuple[float, str]
_SLACK = 64  # entries that count for nothing, beside as many as there are keys


class Agenda:
    """Dates of keys, one for each. However many there are, looking at the next ones is quick.

    A date is announced before it is due. Times are seconds since the epoch.
    """

    def __init__(self) -> None:
        self._dates: dict[str, float] = {}
        self._announced: dict[str, float] = {}
        self._due: list[_Entry] = []
        self._near: list[_Entry] = []

    def __len__(self) -> int:
        """Return how many keys have a date."""
        return len(self._dates)

    @property
    def first(self) -> float | None:
        """The earliest date of all, ``None`` if there is none."""
        _drop_outdated(self._due, self._is_set)
        return self._due[0][0] if self._due else None

    def set(self, key_id: str, date: float | None) -> None:
        """Take a key's date, a new one or none any more; the same one stays announced."""
        if date is None:
            self._dates.pop(key_id, None)
        elif self._dates.get(key_id) != date:
            self._dates[key_id] = date
            heapq.heappush(self._due, (date, key_id))
            heapq.heappush(self._near, (date, key_id))
        if self._announced.get(key_id, date) != date:
            del self._announced[key_id]
        self._due = _tidy(self._due, self._is_set, len(self._dates))
        self._near = _tidy(self._near, self._is_news, len(self._dates))

    def postpone(self, key_id: str, date: float) -> None:
        """Give a key that is due another date, which needs no announcement."""
        self._announced[key_id] = date
        self.set(key_id, date)

    def announce(self, until: float) -> _Entry | None:
        """Return the earliest date up to a time that was not announced; it is from now on."""
        _drop_outdated(self._near, self._is_news)
        if not self._near or self._near[0][0] > until:
            return None
        date, key_id = heapq.heappop(self._near)
        self._announced[key_id] = date
        return date, key_id

    def due(self, until: float) -> str | None:
        """Return the key with the earliest date, if that was announced and lies before a time.

        It stays until its date is set anew.
        """
        _drop_outdated(self._due, self._is_set)
        if not self._due or self._due[0][0] > until or self._is_news(self._due[0]):
            return None
        return self._due[0][1]

    def _is_set(self, entry: _Entry) -> bool:
        return self._dates.get(entry[1]) == entry[0]

    def _is_news(self, entry: _Entry) -> bool:
        return self._is_set(entry) and self._announced.get(entry[1]) != entry[0]


def _drop_outdated(entries: list[_Entry], counts: Callable[[_Entry], bool]) -> None:
    while entries and not counts(entries[0]):
        heapq.heappop(entries)


def _tidy(entries: list[_Entry], counts: Callable[[_Entry], bool], keys: int) -> list[_Entry]:
    """Return entries, without those that count for nothing once they are the most."""
    if len(entries) <= 2 * keys + _SLACK:
        return entries
    kept = [entry for entry in entries if counts(entry)]
    heapq.heapify(kept)
    return kept
