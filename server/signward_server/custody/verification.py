"""Checks signatures with public keys alone."""

from __future__ import annotations

import ctypes
from typing import Final

from signward_server.core.payloads import Hash
from signward_server.core.public_key import PublicKey
from signward_server.custody.digest import message_digest
from signward_server.custody.native import Native

__all__ = ["NativeVerifier"]

_SIGNATURE_SIZE: Final = 64
_ED25519_SIZE: Final = 32
_OPAQUE: Final = ctypes.c_char * 64


class NativeVerifier:
    """Implements ``core.ports.Verifier`` with the libraries that sign.

    Whatever is malformed is simply not a signature. libsodium refuses a non-canonical S and
    points of small order, libsecp256k1 a high s.
    """

    def __init__(self, native: Native) -> None:
        self._sodium = native.sodium
        self._lib = native.secp256k1

    def verify(self, public_key: PublicKey, message: bytes, hash_: Hash, value: bytes) -> bool:
        """Return whether 64 bytes are this key's signature of the message."""
        if len(value) != _SIGNATURE_SIZE:
            return False
        if len(public_key.raw) == _ED25519_SIZE:
            return hash_ is Hash.NONE and self._ed25519(public_key.raw, message, value)
        try:
            digest = message_digest(message, hash_)
        except ValueError:
            return False
        return self._secp256k1(public_key.raw, digest, value)

    def _ed25519(self, raw: bytes, message: bytes, value: bytes) -> bool:
        result: int = self._sodium.sign_verify_detached(value, message, len(message), raw)
        return result == 0

    def _secp256k1(self, raw: bytes, digest: bytes, value: bytes) -> bool:
        lib, point, signature = self._lib, _OPAQUE(), _OPAQUE()
        return bool(
            lib.pubkey_parse(lib.context, point, raw, len(raw)) == 1
            and lib.parse_compact(lib.context, signature, value) == 1
            and lib.verify(lib.context, signature, digest, point) == 1
        )
