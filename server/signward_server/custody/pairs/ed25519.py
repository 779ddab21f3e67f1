"""Ed25519 (RFC 8032) on a slot: seed and public key, which is libsodium's secret key."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Final

from signward_server.core.errors import SignatureSelfCheckFailed
from signward_server.core.payloads import Hash
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Signature
from signward_server.custody.memory import SECRET_SIZE, Slot
from signward_server.custody.native.sodium import Sodium

__all__ = ["Ed25519Pairs"]

_PUBLIC_KEY_SIZE: Final = 32
_PUBLIC_KEY: Final = ctypes.c_char * _PUBLIC_KEY_SIZE
_SIGNATURE: Final = ctypes.c_char * 64


class Ed25519Pairs:
    """Implements ``KeyPairs``; the tag of a slot is the public key itself."""

    def __init__(self, sodium: Sodium) -> None:
        self._sodium = sodium
        self._sign_detached = sodium.sign_detached

    def generate(self, slot: Slot, scratch: Slot) -> PublicKey:
        """Fill the slot with a random seed and its public key."""
        self._sodium.randombytes(slot.address, SECRET_SIZE)
        return self.complete(slot, scratch)

    def complete(self, slot: Slot, scratch: Slot, /) -> PublicKey:
        """Compute the public key; any 32 bytes are a seed."""
        raw = _PUBLIC_KEY()
        # The secret key cannot be written over its own seed: libsodium hashes into it first.
        self._sodium.sign_seed_keypair(raw, scratch.address, slot.address)
        ctypes.memmove(slot.tag_address, raw, _PUBLIC_KEY_SIZE)
        return PublicKey.ed25519(raw.raw)

    def sign(self, slot: Slot, message: bytes, hash_: Hash, public_key: PublicKey) -> Signature:
        """Sign the message itself."""
        _require_none(hash_)
        value = _SIGNATURE()
        self._sign_detached(value, None, message, len(message), slot.address)
        if not slot.carries(public_key.raw):
            raise SignatureSelfCheckFailed
        return Signature(value.raw)

    def sign_many(
        self, slot: Slot, messages: Sequence[bytes], hash_: Hash, public_key: PublicKey
    ) -> Sequence[Signature]:
        """Sign each message itself; libsodium's tables then stay in the processor's cache."""
        _require_none(hash_)
        sign, secret = self._sign_detached, slot.address
        values = (_SIGNATURE * len(messages))()
        for value, message in zip(values, messages, strict=True):
            sign(value, None, message, len(message), secret)
        if not slot.carries(public_key.raw):
            raise SignatureSelfCheckFailed
        return [Signature(value.raw) for value in values]


def _require_none(hash_: Hash) -> None:
    if hash_ is not Hash.NONE:
        raise ValueError("Ed25519 signs the message itself")
