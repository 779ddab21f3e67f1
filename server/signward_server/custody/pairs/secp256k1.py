"""ECDSA on secp256k1 (SEC 1, SEC 2) on a slot: scalar and fingerprint of the public key."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import byref, c_int, c_size_t
from typing import Final

from signward_server.core.errors import SignatureSelfCheckFailed
from signward_server.core.payloads import Hash
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Signature
from signward_server.custody.digest import message_digest
from signward_server.custody.memory import SECRET_SIZE, Slot
from signward_server.custody.native import Native

__all__ = ["Secp256k1Pairs"]

_UNCOMPRESSED_SIZE: Final = 65
_EC_UNCOMPRESSED: Final = 2
_POINT: Final = ctypes.c_char * 64
_ENCODED_POINT: Final = ctypes.c_char * _UNCOMPRESSED_SIZE
_RECOVERABLE: Final = ctypes.c_char * 65
_COMPACT: Final = ctypes.c_char * 64


class Secp256k1Pairs:
    """Implements ``KeyPairs``; the tag of a slot is the public key's fingerprint.

    Signatures have the nonce of RFC 6979 and a low s (BIP 62), as libsecp256k1 makes them.
    """

    def __init__(self, native: Native) -> None:
        self._sodium = native.sodium
        self._lib = native.secp256k1

    def generate(self, slot: Slot, scratch: Slot) -> PublicKey:
        """Fill the slot with a random scalar and its tag."""
        public_key = None
        while public_key is None:  # a random scalar is out of range once in 2^128 times
            self._sodium.randombytes(slot.address, SECRET_SIZE)
            public_key = self.complete(slot, scratch)
        return public_key

    def complete(self, slot: Slot, _scratch: Slot, /) -> PublicKey | None:
        """Compute and serialise the point; ``None`` if the scalar is 0 or not below the order."""
        lib, point = self._lib, _POINT()
        if not lib.pubkey_create(lib.context, point, slot.address):
            return None
        encoded, size = _ENCODED_POINT(), c_size_t(_UNCOMPRESSED_SIZE)
        lib.pubkey_serialize(lib.context, encoded, byref(size), point, _EC_UNCOMPRESSED)
        public_key = PublicKey.secp256k1(encoded.raw)
        ctypes.memmove(slot.tag_address, public_key.fingerprint, SECRET_SIZE)
        return public_key

    def sign(self, slot: Slot, message: bytes, hash_: Hash, public_key: PublicKey) -> Signature:
        """Sign the message's digest; the recovery id is that of SEC 1, section 4.1.6."""
        digest = message_digest(message, hash_)
        lib, signature, value, recovery_id = self._lib, _RECOVERABLE(), _COMPACT(), c_int()
        signed = lib.sign_recoverable(lib.context, signature, digest, slot.address, None, None)
        if not signed or not slot.carries(public_key.fingerprint):
            raise SignatureSelfCheckFailed
        lib.serialize_recoverable(lib.context, value, byref(recovery_id), signature)
        return Signature(value.raw, recovery_id.value)

    def sign_many(
        self, slot: Slot, messages: Sequence[bytes], hash_: Hash, public_key: PublicKey
    ) -> Sequence[Signature]:
        """Sign the digest of each message."""
        return [self.sign(slot, message, hash_, public_key) for message in messages]
