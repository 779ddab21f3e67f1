"""A key that authenticates: on a locked slot, checked after each use."""

from __future__ import annotations

import ctypes

from signward_server.core.errors import CustodyUnavailable
from signward_server.custody.memory import SECRET_SIZE, Slot
from signward_server.custody.native.sodium import Sodium

__all__ = ["MacKey"]


class MacKey:
    """HMAC-SHA256 under a secret that stays on its slot.

    Args:
        sodium: libsodium.
        slot: The secret, and in its second half the tag; retired by ``close``.
        tag: 32 bytes, public: without them the slot was wiped, in the child of a fork for
            example, and authenticates nothing under zeros.
    """

    def __init__(self, sodium: Sodium, slot: Slot, tag: bytes) -> None:
        self._sodium = sodium
        self._tag = tag
        self.slot = slot

    @property
    def intact(self) -> bool:
        """Whether the secret is in memory."""
        return self.slot.carries(self._tag)

    def mac(self, message: bytes) -> bytes:
        """Return the MAC of a message, 32 bytes.

        Raises:
            CustodyUnavailable: The secret was wiped.
        """
        tag = (ctypes.c_char * SECRET_SIZE)()
        self.slot.acquire()
        try:
            self._sodium.hmacsha256(tag, message, len(message), self.slot.address)
            if not self.intact:
                raise CustodyUnavailable
            return tag.raw
        finally:
            self.slot.release()

    def close(self) -> None:
        """Wipe the secret."""
        self.slot.retire()
