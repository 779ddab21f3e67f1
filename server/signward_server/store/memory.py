"""What the catalogue holds in memory: snapshots, decoded when they are first asked for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.keys import Key
from signward_server.store.rows import KeyRow, VersionRow, key_from
from signward_server.store.sorted_ids import SortedIds

__all__ = ["KeyMemory", "Rows"]

_log = logging.getLogger(__name__)

Rows = tuple[KeyRow, Sequence[VersionRow]]
"""A key's row and the rows of its versions, newest first."""


class KeyMemory:
    """Keys by id. Readers take no lock; a snapshot never changes.

    Args:
        rows: Rows that carry the right MAC, by id.
        quarantined: Ids of keys whose rows do not.
    """

    def __init__(self, rows: Mapping[str, Rows], quarantined: frozenset[str]) -> None:
        self._entries: dict[str, Key | Rows] = dict(rows)
        self._ids = SortedIds(self._entries)
        self._changing = threading.Lock()
        self.quarantined = quarantined

    def __len__(self) -> int:
        """Return how many keys can be read."""
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids of the keys that can be read, in order."""
        return iter(self._ids)

    def get(self, key_id: str) -> Key | None:
        """Return a key, ``None`` if there is none.

        Raises:
            EnvelopeCorrupt: The key is quarantined.
        """
        entry = self._entries.get(key_id)
        if isinstance(entry, Key):
            return entry
        key = self._find(key_id)
        if key is None and key_id in self.quarantined:
            raise EnvelopeCorrupt
        return key

    def page(self, after: str, limit: int, skip: int = 0) -> Sequence[Key]:
        """Return up to ``limit`` keys with an id above ``after``, in order of id.

        The first ``skip`` of them are passed over.
        """
        found = map(self._find, self._ids.after(after, skip))
        return list(islice((key for key in found if key is not None), max(limit, 0)))

    def publish(self, key: Key) -> None:
        """Show readers a new key, or a new snapshot of one."""
        with self._changing:
            known = key.id in self._entries
            self._entries[key.id] = key
            if not known:
                self._ids = self._ids.with_([key.id])

    def take(self, rows: Mapping[str, Rows], quarantined: frozenset[str]) -> frozenset[str]:
        """Show readers what somebody else changed.

        Rows that are older than what is known are none that anybody wrote last.

        Returns:
            Ids of the keys that were known and are not any more what they were.
        """
        newer = {key_id: found for key_id, found in rows.items() if not self._is_older(found[0])}
        quarantined |= rows.keys() - newer.keys()
        with self._changing:
            known = frozenset(key_id for key_id in (*newer, *quarantined) if key_id in self)
            self._entries.update(newer)
            self._ids = self._ids.with_(list(newer.keys() - known))
            self.quarantined = (self.quarantined - newer.keys()) | quarantined
        for key_id in quarantined & known:
            self._quarantine(key_id)
        return known

    def __contains__(self, key_id: str) -> bool:
        """Return whether the key can be read."""
        return key_id in self._entries

    def _is_older(self, row: KeyRow) -> bool:
        known = self._entries.get(row.id)
        if known is None:
            return False
        return row.revision < (known if isinstance(known, Key) else known[0]).revision

    def _find(self, key_id: str) -> Key | None:
        entry = self._entries.get(key_id)
        return self._decoded(key_id, entry) if isinstance(entry, tuple) else entry

    def _decoded(self, key_id: str, rows: Rows) -> Key | None:
        try:
            key = key_from(*rows)
        except (ValueError, TypeError, OverflowError):
            # Written by a release that knows more kinds of keys than this one.
            _log.error("a key is of a kind that this release does not know", extra={"key": key_id})
            self._quarantine(key_id)
            return None
        with self._changing:
            if self._entries.get(key_id) is rows:
                self._entries[key_id] = key
        return key

    def _quarantine(self, key_id: str) -> None:
        with self._changing:
            self.quarantined |= {key_id}
            self._ids = self._ids.without(key_id)
            self._entries.pop(key_id, None)
