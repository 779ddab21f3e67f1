"""The 32 bytes of a KEK on a locked slot, between there and a descriptor."""

from __future__ import annotations

import ctypes

from signward_server.core.errors import CustodyUnavailable
from signward_server.custody.memory import SECRET_SIZE, LockedMemory, Slot

__all__ = ["root_bytes", "take_root"]


def take_root(memory: LockedMemory) -> Slot:
    """Return a slot of zeros for the bytes of a KEK.

    Raises:
        CustodyUnavailable: There is no locked memory for it.
    """
    slot = memory.take()
    if slot is None:
        raise CustodyUnavailable
    return slot


def root_bytes(slot: Slot) -> ctypes.Array[ctypes.c_char]:
    """Return the first half of a slot as a buffer for ``readv`` and ``writev``, not a copy."""
    return (ctypes.c_char * SECRET_SIZE).from_address(slot.address)
