"""HPKE (RFC 9180) for one 32-byte secret, opened from slot to slot.

Base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; one message, without
associated data. All arithmetic on secrets is libsodium's, on locked slots (S21): neither the
private half, nor what is derived from it, nor the opened secret is ever anywhere else.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Final

from signward_server.custody.memory import SECRET_SIZE, Slot
from signward_server.custody.native.sodium import Sodium

__all__ = ["HPKE_SIZE", "Hpke"]

_ENC_SIZE: Final = 32
_SEALED_SIZE: Final = SECRET_SIZE + 16
HPKE_SIZE: Final = _ENC_SIZE + _SEALED_SIZE
"""Bytes of a sealed secret: encapsulated key, ciphertext and tag."""

_NONCE_SIZE: Final = 12
_KEM_ID, _KDF_ID, _AEAD_ID = 0x0020, 0x0001, 0x0002
_VERSION: Final = b"HPKE-v1"
_KEM: Final = b"KEM" + struct.pack(">H", _KEM_ID)
_SUITE: Final = b"HPKE" + struct.pack(">3H", _KEM_ID, _KDF_ID, _AEAD_ID)
_NO_SALT: Final = bytes(SECRET_SIZE)  # HMAC fills an empty key with zeros
_BASE_MODE: Final = b"\x00"
_EAE_PRK: Final = _VERSION + _KEM + b"eae_prk"
_SECRET: Final = _VERSION + _SUITE + b"secret"  # and the pre-shared key, which is empty

_PublicKey = ctypes.c_char * _ENC_SIZE
_Digest = ctypes.c_char * SECRET_SIZE


class Hpke:
    """A recipient's half of HPKE."""

    def __init__(self, sodium: Sodium) -> None:
        self._sodium = sodium

    def generate(self, private: Slot) -> bytes:
        """Fill the first half of a slot with a private half; return the public key, 32 bytes."""
        self._sodium.randombytes(private.address, SECRET_SIZE)
        public_key = _PublicKey()
        self._sodium.scalarmult_base(public_key, private.address)
        return public_key.raw

    def open(
        self, sealed: bytes, info: bytes, private: Slot, public_key: bytes, into: Slot, work: Slot
    ) -> bool:
        """Open a sealed secret into the first half of a slot.

        Args:
            sealed: Encapsulated key, ciphertext and tag; 80 bytes if it is well formed.
            info: What it must have been sealed for.
            private: What it must have been sealed to, in its first half.
            public_key: The public half of that, 32 bytes.
            into: Where the secret goes.
            work: Room for intermediate secrets; the caller wipes it.

        Returns:
            Whether it was sealed like this; if not, ``into`` holds no secret.
        """
        if len(sealed) != HPKE_SIZE:
            return False
        enc, ciphertext = sealed[:_ENC_SIZE], sealed[_ENC_SIZE:]
        nonce = self.schedule(enc, info, private, public_key, into, work)
        if nonce is None:
            return False
        opened: int = self._sodium.aes256gcm_decrypt(
            into.address, None, None, ciphertext, _SEALED_SIZE, b"", 0, nonce, work.address
        )
        return opened == 0

    def schedule(
        self, enc: bytes, info: bytes, private: Slot, public_key: bytes, prk: Slot, work: Slot
    ) -> bytes | None:
        """Derive key and nonce of the first message (RFC 9180, sections 4.1 and 5.1).

        Args:
            enc: The encapsulated key, 32 bytes.
            info: What was sealed for.
            private: The private half.
            public_key: The public half.
            prk: Room for intermediate secrets.
            work: The key goes into its first half.

        Returns:
            The nonce, 12 bytes; it is no secret. ``None`` if the encapsulated key is a point of
            small order.
        """
        shared = work.address + len(_EAE_PRK)
        if self._sodium.scalarmult(shared, private.address, enc) != 0:
            return None
        ctypes.memmove(work.address, _EAE_PRK, len(_EAE_PRK))
        size = len(_EAE_PRK) + SECRET_SIZE
        self._sodium.hmacsha256(prk.address, work.address, size, _NO_SALT)
        kem_context = _expansion(_KEM, b"shared_secret", enc + public_key, SECRET_SIZE)
        self._mac(work.address, kem_context, prk.address)
        self._mac(prk.address, _SECRET, work.address)
        context = _BASE_MODE + self._public(b"psk_id_hash", b"") + self._public(b"info_hash", info)
        self._mac(work.address, _expansion(_SUITE, b"key", context, SECRET_SIZE), prk.address)
        nonce = _Digest()
        self._mac(nonce, _expansion(_SUITE, b"base_nonce", context, _NONCE_SIZE), prk.address)
        return nonce.raw[:_NONCE_SIZE]

    def _public(self, label: bytes, material: bytes) -> bytes:
        digest = _Digest()
        self._mac(digest, _VERSION + _SUITE + label + material, _NO_SALT)
        return digest.raw

    def _mac(
        self, into: int | ctypes.Array[ctypes.c_char], message: bytes, key: int | bytes
    ) -> None:
        self._sodium.hmacsha256(into, message, len(message), key)


def _expansion(suite: bytes, label: bytes, context: bytes, size: int) -> bytes:
    """Return what HMAC takes for the one block of a LabeledExpand."""
    return struct.pack(">H", size) + _VERSION + suite + label + context + b"\x01"
