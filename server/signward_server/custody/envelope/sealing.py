"""Seals private halves and opens them, from slot to slot."""

from __future__ import annotations

from typing import Protocol

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.custody.envelope.cipher import PageCipher
from signward_server.custody.envelope.format import SealedKey
from signward_server.custody.envelope.kek import Kek
from signward_server.custody.memory import SECRET_SIZE, Slot
from signward_server.custody.native.sodium import Sodium

__all__ = ["Bound", "Envelopes"]


class Bound(Protocol):
    """What an envelope belongs to: it opens under exactly this."""

    def for_secret(self) -> bytes:
        """Return the associated data of the sealed private half; the KEK is not in it."""
        ...

    def for_data_key(self, kek_id: bytes) -> bytes:
        """Return the associated data of the wrapped data key."""
        ...


class Envelopes:
    """AES-256-GCM twice: private half under a data key of its own, that under the KEK."""

    def __init__(self, sodium: Sodium, kek: Kek) -> None:
        self._sodium = sodium
        self._kek = kek
        self._cipher = PageCipher(sodium)

    def seal(self, slot: Slot, scratch: Slot, binding: Bound) -> bytes:
        """Return the envelope of the private half in a slot.

        Args:
            slot: The private half in its first half.
            scratch: Room for the fresh data key; the caller wipes it.
            binding: What the envelope belongs to.

        Raises:
            CustodyUnavailable: The KEK was wiped.
        """
        self._sodium.randombytes(scratch.address, SECRET_SIZE)
        wrap_nonce, seal_nonce = self._cipher.fresh_nonce(), self._cipher.fresh_nonce()
        kek_id = self._kek.kek_id
        wrapped = self._kek.wrap(scratch, wrap_nonce, binding.for_data_key(kek_id))
        sealed = self._cipher.seal(scratch.address, slot.address, seal_nonce, binding.for_secret())
        return SealedKey(kek_id, wrap_nonce, wrapped, seal_nonce, sealed).encode()

    def open(self, blob: bytes, binding: Bound, slot: Slot, scratch: Slot) -> None:
        """Open an envelope into the first half of a slot.

        Args:
            blob: The envelope.
            binding: What it must belong to.
            slot: Where the private half goes.
            scratch: Room for the data key; the caller wipes it.

        Raises:
            EnvelopeCorrupt: It is malformed, was sealed under another KEK, or belongs to
                something else.
            CustodyUnavailable: The KEK was wiped.
        """
        parts = SealedKey.parse(blob)
        kek_id = self._kek.kek_id
        if parts.kek_id != kek_id:
            raise EnvelopeCorrupt
        opened = self._kek.unwrap(
            parts.wrapped_key, parts.wrap_nonce, binding.for_data_key(kek_id), scratch
        ) and self._cipher.open(
            scratch.address, parts.sealed, parts.seal_nonce, binding.for_secret(), slot.address
        )
        if not opened:
            raise EnvelopeCorrupt
