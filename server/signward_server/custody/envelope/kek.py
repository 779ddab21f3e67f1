"""The key-encryption key: on locked slots from the moment it is read."""

from __future__ import annotations

import ctypes
from typing import Final, Protocol

from signward_server.core.errors import CustodyUnavailable
from signward_server.core.startup import CustodyRefused
from signward_server.custody.envelope.cipher import PageCipher
from signward_server.custody.envelope.mac_key import MacKey
from signward_server.custody.memory import SECRET_SIZE, LockedMemory, Slot
from signward_server.custody.native.sodium import Sodium

__all__ = ["Kek", "KekFileError", "KekProvider", "kek_id"]

_ID_SIZE: Final = 16
# HKDF-Expand (RFC 5869, section 2.3) of one block: HMAC(key, info || 01).
_IDENTITY: Final = b"signward kek v1 identity\x01"
_WRAPPING: Final = b"signward kek v1 wrapping\x01"
_ROWS: Final = b"signward kek v1 rows\x01"


class KekFileError(CustodyRefused):
    """The KEK cannot be used."""


class KekProvider(Protocol):
    """Where a KEK comes from."""

    def unlock(self, memory: LockedMemory) -> Slot:
        """Bring the 32 bytes of the KEK onto a locked slot, which the caller retires.

        They come by no way that leaves a copy elsewhere.

        Raises:
            KekFileError: It is missing, malformed, or not protected well enough.
            CustodyUnavailable: There is no locked memory for it.
        """
        ...

    def load(self, memory: LockedMemory) -> Kek:
        """Return the KEK, ready for use, of which the 32 bytes are wiped again.

        Raises:
            KekFileError: It is missing, malformed, or not protected well enough.
            CustodyUnavailable: There is no locked memory for it.
        """
        ...


def kek_id(sodium: Sodium, root: Slot) -> bytes:
    """Return the public id of the KEK in the first half of a slot, 16 bytes."""
    return _identity(sodium, root)[:_ID_SIZE]


class Kek:
    """Two keys derived from the 32 bytes of a KEK, which are wiped after that.

    Both slots carry the KEK's public identity as their tag, checked after each use: a page
    that was wiped, in the child of a fork for example, never wraps or authenticates
    anything under zeros.

    Args:
        sodium: libsodium.
        memory: Where the derived keys go.
        root: Slot with the 32 bytes in its first half; the caller wipes it.

    Attributes:
        kek_id: 16 bytes derived from the KEK, not secret: rows name by it what wrapped them.
        rows: The key of the rows' MACs.

    Raises:
        CustodyUnavailable: There is no locked memory left.
    """

    def __init__(self, sodium: Sodium, memory: LockedMemory, root: Slot) -> None:
        self._sodium = sodium
        self._cipher = PageCipher(sodium)
        self._tag = _identity(sodium, root)
        self.kek_id = self._tag[:_ID_SIZE]
        self._wrapping = self._derived(memory, root, _WRAPPING)
        try:
            self.rows = MacKey(sodium, self._derived(memory, root, _ROWS), self._tag)
        except CustodyUnavailable:
            self._wrapping.retire()
            raise

    @property
    def intact(self) -> bool:
        """Whether both keys are in memory."""
        return self._wrapping.carries(self._tag) and self.rows.intact

    def wrap(self, data_key: Slot, nonce: bytes, associated: bytes) -> bytes:
        """Return the data key sealed under the KEK, 48 bytes.

        Raises:
            CustodyUnavailable: The KEK was wiped.
        """
        self._wrapping.acquire()
        try:
            wrapped = self._cipher.seal(self._wrapping.address, data_key.address, nonce, associated)
            self._ensure(self._wrapping)
            return wrapped
        finally:
            self._wrapping.release()

    def unwrap(self, wrapped: bytes, nonce: bytes, associated: bytes, into: Slot) -> bool:
        """Open a data key into a slot; ``False`` if it was not wrapped like this.

        Raises:
            CustodyUnavailable: The KEK was wiped.
        """
        self._wrapping.acquire()
        try:
            opened = self._cipher.open(
                self._wrapping.address, wrapped, nonce, associated, into.address
            )
            self._ensure(self._wrapping)
            return opened
        finally:
            self._wrapping.release()

    def mac(self, row: bytes) -> bytes:
        """Return HMAC-SHA256 of the bytes under the key for rows, 32 bytes.

        Raises:
            CustodyUnavailable: The KEK was wiped.
        """
        return self.rows.mac(row)

    def close(self) -> None:
        """Wipe both keys; nothing can be wrapped, opened or authenticated afterwards."""
        self._wrapping.retire()
        self.rows.close()

    def _derived(self, memory: LockedMemory, root: Slot, info: bytes) -> Slot:
        slot = memory.take()
        if slot is None:
            raise CustodyUnavailable
        self._sodium.hmacsha256(slot.address, info, len(info), root.address)
        ctypes.memmove(slot.tag_address, self._tag, SECRET_SIZE)
        return slot

    def _ensure(self, slot: Slot) -> None:
        if not slot.carries(self._tag):
            raise CustodyUnavailable

    def __repr__(self) -> str:
        return f"Kek({self.kek_id.hex()})"


def _identity(sodium: Sodium, root: Slot) -> bytes:
    identity = (ctypes.c_char * SECRET_SIZE)()
    sodium.hmacsha256(identity, _IDENTITY, len(_IDENTITY), root.address)
    return identity.raw
