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
_RECOVERABLE_SIZE: Final = 65
_MAX_RECOVERY_ID: Final = 3
_ED25519_SIZE: Final = 32
_UNCOMPRESSED_SIZE: Final = 65
_EC_UNCOMPRESSED: Final = 2
_OPAQUE: Final = ctypes.c_char * 64
_OPAQUE_RECOVERABLE: Final = ctypes.c_char * 65
_ENCODED_POINT: Final = ctypes.c_char * _UNCOMPRESSED_SIZE


class NativeVerifier:
    """Implements ``core.ports.Verifier`` with the libraries that sign.

    Whatever is malformed is simply not a signature. libsodium refuses a non-canonical S and
    points of small order, libsecp256k1 a high s.
    """

    def __init__(self, native: Native) -> None:
        self._sodium = native.sodium
        self._lib = native.secp256k1

    def verify(self, public_key: PublicKey, message: bytes, hash_: Hash, value: bytes) -> bool:
        """Return whether 64 or 65 bytes are this key's signature; see ``core.ports``."""
        if len(public_key.raw) == _ED25519_SIZE:
            is_fit = hash_ is Hash.NONE and len(value) == _SIGNATURE_SIZE
            return is_fit and self._ed25519(public_key.raw, message, value)
        if len(value) not in (_SIGNATURE_SIZE, _RECOVERABLE_SIZE):
            return False
        try:
            digest = message_digest(message, hash_)
        except ValueError:
            return False
        if not self._secp256k1(public_key.raw, digest, value[:_SIGNATURE_SIZE]):
            return False
        return len(value) == _SIGNATURE_SIZE or self._recovers(public_key, digest, value)

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

    def _recovers(self, public_key: PublicKey, digest: bytes, value: bytes) -> bool:
        """Return whether r||s and the recovery id give this public key (SEC 1, section 4.1.6)."""
        lib, signature, point = self._lib, _OPAQUE_RECOVERABLE(), _OPAQUE()
        if value[-1] > _MAX_RECOVERY_ID or not (
            lib.parse_recoverable(lib.context, signature, value[:_SIGNATURE_SIZE], value[-1])
            and lib.recover(lib.context, point, signature, digest)
        ):
            return False
        encoded, size = _ENCODED_POINT(), ctypes.c_size_t(_UNCOMPRESSED_SIZE)
        lib.pubkey_serialize(lib.context, encoded, ctypes.byref(size), point, _EC_UNCOMPRESSED)
        return encoded.raw == public_key.uncompressed
