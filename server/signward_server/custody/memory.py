"""Slots for secrets on locked pages: many to a page, leased, wiped before reuse (S18, S19)."""

from __future__ import annotations

import itertools
import threading
from types import TracebackType
from typing import Final, Self

from signward_server.core.errors import CustodyUnavailable, Internal
from signward_server.core.startup import CustodyRefused
from signward_server.custody.native.sodium import Sodium
from signward_server.custody.pages import PAGE_SIZE, SLOT_SIZE, LockedPage

__all__ = ["SECRET_SIZE", "LockedMemory", "LockedMemoryError", "Slot"]

SECRET_SIZE: Final = 32


class LockedMemoryError(CustodyRefused):
    """The kernel does not lock as much memory as is configured."""


class Slot:
    """64 bytes of locked memory, from when they are taken until they are wiped.

    The first half is a secret, the second half a public tag that says whose secret it is.
    A wipe clears both, and only what fills the slot sets the tag: a tag that is right
    after the secret was used was right all the time.

    As a context manager it is retired at the end.

    Attributes:
        address: Of the first byte. Whoever uses it has a lease, or nobody else has the slot.
        tag_address: Of the second half.
        generation: Number of this life of the 64 bytes, never used twice.
    """

    __slots__ = ("_leases", "_memory", "_retired", "address", "generation", "tag_address")

    def __init__(self, memory: LockedMemory, address: int, generation: int) -> None:
        self._memory = memory
        self._leases = 0
        self._retired = False
        self.address = address
        self.tag_address = address + SECRET_SIZE
        self.generation = generation

    @property
    def leased(self) -> bool:
        """Whether somebody has a lease."""
        return self._leases > 0

    def acquire(self) -> None:
        """Take a lease.

        Raises:
            CustodyUnavailable: The slot is retired.
        """
        with self._memory.lock:
            if self._retired:
                raise CustodyUnavailable
            self._leases += 1

    def release(self) -> None:
        """Give a lease back; the last one wipes a retired slot.

        Raises:
            Internal: There is no lease to give back.
        """
        with self._memory.lock:
            if not self._leases:
                raise Internal
            self._leases -= 1
            if self._retired and self._leases == 0:
                self._memory.reclaim(self)

    def retire(self) -> None:
        """Wipe the slot, now or when its last lease ends; a second time is fine."""
        with self._memory.lock:
            if not self._retired:
                self._retired = True
                if self._leases == 0:
                    self._memory.reclaim(self)

    def carries(self, tag: bytes) -> bool:
        """Return whether the slot lives and its second half is this tag of 32 bytes."""
        return self._memory.carries(self, tag)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.retire()

    def __repr__(self) -> str:
        return f"Slot(generation={self.generation})"


class LockedMemory:
    """Hands out slots on locked pages, within a budget. Safe for threads.

    A page that is empty is unlocked and unmapped; one such page is kept for the next slot.

    Args:
        sodium: libsodium.
        budget: Bytes of locked pages at most; whole pages count.

    Attributes:
        lock: Guards leases and slots; for the slots of this memory only.

    Raises:
        LockedMemoryError: The kernel does not let this process lock that much.
    """

    def __init__(self, sodium: Sodium, budget: int) -> None:
        self.lock = threading.Lock()
        self._sodium = sodium
        self._most_pages = budget // PAGE_SIZE
        self._pages: dict[int, LockedPage] = {}
        self._with_room: dict[int, LockedPage] = {}
        self._lives: dict[int, int] = {}
        self._generations = itertools.count(1)
        self._closed = False
        self._prove()

    @property
    def locked(self) -> int:
        """Bytes of locked pages."""
        return len(self._pages) * PAGE_SIZE

    @property
    def most(self) -> int:
        """Bytes of locked pages that there may be."""
        return self._most_pages * PAGE_SIZE

    def take(self) -> Slot | None:
        """Return a slot of zeros, ``None`` when the budget is used up.

        Raises:
            CustodyUnavailable: The memory is closed, or the kernel refuses a page.
        """
        with self.lock:
            page = self._page_with_room()
            if page is None:
                return None
            address = page.free.pop()
            if not page.free:
                del self._with_room[page.address]
            generation = self._lives[address] = next(self._generations)
            return Slot(self, address, generation)

    def carries(self, slot: Slot, tag: bytes) -> bool:
        """Return whether this life of the slot goes on, with this tag of 32 bytes."""
        return (
            self._lives.get(slot.address) == slot.generation
            and len(tag) == SECRET_SIZE
            and self._sodium.memcmp(slot.tag_address, tag, SECRET_SIZE) == 0
        )

    def reclaim(self, slot: Slot) -> None:
        """Wipe a slot and take it back; called by the slot, with the lock held.

        Raises:
            Internal: The slot has a new life already: nothing is wiped.
        """
        if self._lives.get(slot.address) != slot.generation:
            raise Internal
        self._sodium.memzero(slot.address, SLOT_SIZE)
        del self._lives[slot.address]
        page = self._pages[slot.address - slot.address % PAGE_SIZE]
        page.free.append(slot.address)
        self._with_room[page.address] = page
        if page.empty:
            self._drop_spare_pages()

    def close(self) -> None:
        """Hand out nothing more; each page goes with the last slot that is taken of it."""
        with self.lock:
            self._closed = True
            self._drop_spare_pages()

    def _prove(self) -> None:
        size = self._most_pages * PAGE_SIZE
        try:
            LockedPage(self._sodium, max(size, PAGE_SIZE)).close()
        except CustodyUnavailable as exc:
            raise LockedMemoryError(
                f"{size} bytes of memory cannot be locked",
                "raise the limit (ulimit -l, LimitMEMLOCK= in systemd, --ulimit memlock= in "
                "Docker), or lower custody.envelope.locked_memory",
            ) from exc

    def _page_with_room(self) -> LockedPage | None:
        if self._closed:
            raise CustodyUnavailable
        for page in self._with_room.values():
            return page
        if len(self._pages) >= self._most_pages:
            return None
        page = LockedPage(self._sodium)
        self._pages[page.address] = self._with_room[page.address] = page
        return page

    def _drop_spare_pages(self) -> None:
        empty = [page for page in self._with_room.values() if page.empty]
        for page in empty if self._closed else empty[1:]:
            del self._pages[page.address], self._with_room[page.address]
            page.close()

    def __repr__(self) -> str:
        return f"LockedMemory({len(self._lives)} slots taken, {len(self._pages)} pages)"
