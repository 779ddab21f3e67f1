"""Locked memory for the bytes of a KEK, and for what brings them to and from descriptors."""

from __future__ import annotations

import ctypes

from signward_server.core.errors import CustodyUnavailable
from signward_server.custody.memory import SECRET_SIZE, LockedMemory, Slot

__all__ = ["bytes_at", "root_bytes", "take_slot"]


def take_slot(memory: LockedMemory) -> Slot:
    """Return a slot of zeros for a secret.

    Raises:
        CustodyUnavailable: There is no locked memory for it.
    """
    slot = memory.take()
    if slot is None:
        raise CustodyUnavailable
    return slot


def root_bytes(slot: Slot, start: int = 0) -> ctypes.Array[ctypes.c_char]:
    """Return the first half of a slot, or its end, for ``readv`` and ``writev``."""
    return bytes_at(slot.address + start, SECRET_SIZE - start)


def bytes_at(address: int, size: int) -> ctypes.Array[ctypes.c_char]:
    """Return so many bytes of memory as a buffer, which is not a copy."""
    return (ctypes.c_char * size).from_address(address)
