"""Private halves that stay on locked slots for a while after a signature."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import dataclass

from signward_server.core.errors import CustodyUnavailable
from signward_server.core.ports import Clock
from signward_server.custody.memory import LockedMemory, Slot

__all__ = ["UnlockedKeys"]

Name = tuple[str, int]


@dataclass(slots=True)
class _Entry:
    slot: Slot
    expires: float


class UnlockedKeys:
    """Slots by key id and version, least recently used first. Safe for threads.

    Args:
        memory: Where slots come from.
        clock: Its monotonic seconds decide when an entry ends.
    """

    def __init__(self, memory: LockedMemory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[Name, _Entry] = OrderedDict()
        self._forgotten = 0
        self._closed = False

    def __len__(self) -> int:
        """Return how many versions are unlocked, those included that are about to be wiped."""
        return len(self._entries)

    @property
    def generation(self) -> int:
        """Number that changes whenever something is forgotten; see ``keep``."""
        return self._forgotten

    def take(self) -> Slot:
        """Return a free slot; the key that was used longest ago makes room if need be (S19).

        Raises:
            CustodyUnavailable: Every slot is in use, or the kernel refuses to lock memory.
        """
        if self._closed:
            raise CustodyUnavailable
        slot = self._memory.take()
        while slot is None:
            self._evict()
            slot = self._memory.take()
        return slot

    def holds(self, name: Name) -> bool:
        """Return whether a version is unlocked now; it may be wiped before it is leased."""
        entry = self._entries.get(name)
        return entry is not None and self._clock.monotonic() < entry.expires

    def lease(self, name: Name, ttl: float) -> Slot | None:
        """Return the leased slot of a version, ``None`` if it is not unlocked.

        Args:
            name: Key id and version.
            ttl: Seconds that it stays after this use; zero wipes it when the lease ends.
        """
        with self._lock:
            entry = self._entries.get(name)
            if entry is None:
                return None
            now = self._clock.monotonic()
            if now >= entry.expires:
                self._drop(name)
                return None
            entry.slot.acquire()
            if ttl > 0:
                entry.expires = now + ttl
                self._entries.move_to_end(name)
            else:
                self._drop(name)
            return entry.slot

    def keep(self, name: Name, slot: Slot, ttl: float, generation: int) -> Slot:
        """Remember a filled slot and return a leased one for the version.

        When another thread was first, its slot is returned and this one is wiped.

        Args:
            name: Key id and version.
            slot: Filled; this object owns it from now on.
            ttl: Seconds that it stays; zero wipes it when the lease ends.
            generation: As it was before the version was read: if anything was forgotten
                since, the slot serves this once and is not kept.
        """
        with self._lock:
            entry = self._entries.get(name)
            if entry is not None:
                slot.retire()
                slot = entry.slot
                slot.acquire()
                return slot
            slot.acquire()
            if ttl > 0 and generation == self._forgotten:
                self._entries[name] = _Entry(slot, self._clock.monotonic() + ttl)
            else:
                slot.retire()
            return slot

    def forget(self, key_id: str) -> None:
        """Wipe every version of a key."""
        with self._lock:
            self._forgotten += 1
            for name in [name for name in self._entries if name[0] == key_id]:
                self._drop(name)

    def sweep(self) -> float | None:
        """Wipe what has expired; return the seconds until the next one will, if any."""
        with self._lock:
            now = self._clock.monotonic()
            ended, earliest = [], None
            for name, entry in self._entries.items():
                if now >= entry.expires:
                    ended.append(name)
                elif earliest is None or entry.expires < earliest:
                    earliest = entry.expires
            for name in ended:
                self._drop(name)
            return None if earliest is None else earliest - now

    def has_room(self) -> bool:
        """Return whether ``take`` would give the two slots that an unlock needs."""
        with ExitStack() as slots:
            for missing in (2, 1):
                try:
                    slot = self._memory.take()
                except CustodyUnavailable:
                    return False
                if slot is None:
                    return len(self._entries) >= missing
                slots.enter_context(slot)
            return not self._closed

    def close(self) -> None:
        """Wipe everything and keep nothing any more."""
        with self._lock:
            self._closed = True
            self._forgotten += 1
            for name in list(self._entries):
                self._drop(name)

    def _evict(self) -> None:
        with self._lock:
            for name, entry in self._entries.items():
                if not entry.slot.leased:
                    self._drop(name)
                    return
        raise CustodyUnavailable

    def _drop(self, name: Name) -> None:
        self._entries.pop(name).slot.retire()
