"""One page of memory that is locked, left out of core dumps and wiped on fork."""

from __future__ import annotations

import ctypes
import mmap
from typing import Final

from signward_server.core.errors import CustodyUnavailable
from signward_server.custody.native.sodium import Sodium

__all__ = ["PAGE_SIZE", "SLOT_SIZE", "LockedPage"]

PAGE_SIZE: Final = mmap.PAGESIZE
SLOT_SIZE: Final = 64
# linux/mman.h, since Linux 4.14: the child of a fork sees zeros. Python's mmap lacks it.
_MADV_WIPEONFORK: Final = 18


class LockedPage:
    """An anonymous private mapping of one page, cut into slots of 64 bytes.

    Args:
        sodium: libsodium.
        size: Bytes, a multiple of the page size; more than one page only to see whether
            the kernel locks that much.

    Attributes:
        address: Of its first byte, valid until ``close``.
        free: Addresses of the slots that nobody has.

    Raises:
        CustodyUnavailable: The kernel refuses the page, a protection or the lock (S19).
    """

    __slots__ = ("_mapping", "_size", "_sodium", "address", "free")

    def __init__(self, sodium: Sodium, size: int = PAGE_SIZE) -> None:
        self._sodium = sodium
        self._size = size
        try:
            self._mapping = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except OSError as exc:
            raise CustodyUnavailable from exc
        # What from_buffer exports is dropped at once, so that close() can unmap the page.
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._mapping))
        try:
            self._protect()
        except OSError as exc:
            self._mapping.close()
            raise CustodyUnavailable from exc
        self.free = list(range(self.address, self.address + size, SLOT_SIZE))

    @property
    def empty(self) -> bool:
        """Whether nobody has a slot of it."""
        return len(self.free) * SLOT_SIZE == self._size

    def close(self) -> None:
        """Wipe, unlock and unmap the page (``sodium_munlock`` starts with the wipe)."""
        self._sodium.munlock(self.address, self._size)
        self._mapping.close()

    def _protect(self) -> None:
        # libsodium advises DONTDUMP too, but goes on when it is refused.
        self._mapping.madvise(mmap.MADV_DONTDUMP)
        self._mapping.madvise(_MADV_WIPEONFORK)
        if self._sodium.mlock(self.address, self._size) != 0:
            raise OSError("mlock was refused")

    def __repr__(self) -> str:
        return f"LockedPage({len(self.free)} slots free)"
