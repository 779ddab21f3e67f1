"""What the catalogue holds in memory: snapshots, decoded when they are first asked for."""

from __future__ import annotations

import logging
import threading
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import islice

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.keys import Key
from signward_server.store.rows import KeyRow, VersionRow, key_from

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
        self._ids = tuple(sorted(self._entries))
        self._changing = threading.Lock()
        self.quarantined = quarantined

    def __len__(self) -> int:
        """Return how many keys can be read."""
        return len(self._ids)

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
        ids = self._ids
        start = bisect_right(ids, after) + skip
        found = (self._find(ids[at]) for at in range(start, len(ids)))
        return list(islice((key for key in found if key is not None), max(limit, 0)))

    def publish(self, key: Key) -> None:
        """Show readers a new key, or a new snapshot of one."""
        with self._changing:
            known = key.id in self._entries
            self._entries[key.id] = key
            if not known:
                at = bisect_right(self._ids, key.id)
                self._ids = (*self._ids[:at], key.id, *self._ids[at:])

    def __contains__(self, key_id: str) -> bool:
        """Return whether the key can be read."""
        return key_id in self._entries

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
            self._ids = tuple(known for known in self._ids if known != key_id)
            self._entries.pop(key_id, None)
