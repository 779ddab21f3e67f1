"""Envelopes that were read already, so that a wiped key opens again without the store."""

from __future__ import annotations

import threading
from collections import OrderedDict

from signward_server.core.ports import MaterialReader

__all__ = ["SealedCache"]


class SealedCache:
    """Reads envelopes through a bounded cache, least recently used out first.

    Args:
        materials: Where they are stored.
        capacity: How many to remember; 145 bytes each, none of them secret.
    """

    def __init__(self, materials: MaterialReader, capacity: int) -> None:
        self._materials = materials
        self._capacity = capacity
        self._lock = threading.Lock()
        self._blobs: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._forgotten = 0

    def read(self, key_id: str, version: int) -> bytes:
        """Return the envelope of a version.

        Raises:
            EnvelopeCorrupt: The store has none.
            StoreUnavailable: The store cannot be read now.
        """
        name = (key_id, version)
        with self._lock:
            forgotten = self._forgotten
            blob = self._blobs.get(name)
            if blob is not None:
                self._blobs.move_to_end(name)
                return blob
        blob = self._materials.read_material(key_id, version)
        with self._lock:
            if forgotten == self._forgotten:  # else it may have been destroyed meanwhile
                self._blobs[name] = blob
                if len(self._blobs) > self._capacity:
                    self._blobs.popitem(last=False)
        return blob

    def forget(self, key_id: str) -> None:
        """Read the versions of a key from the store again."""
        with self._lock:
            self._forgotten += 1
            for name in [name for name in self._blobs if name[0] == key_id]:
                del self._blobs[name]
