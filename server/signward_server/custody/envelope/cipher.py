"""AES-256-GCM of 32 secret bytes between locked slots and sealed bytes (NIST SP 800-38D)."""

from __future__ import annotations

import ctypes
from typing import Final

from signward_server.custody.memory import SECRET_SIZE
from signward_server.custody.native.sodium import Sodium

__all__ = ["NONCE_SIZE", "SEALED_SIZE", "PageCipher"]

NONCE_SIZE: Final = 12
SEALED_SIZE: Final = SECRET_SIZE + 16


class PageCipher:
    """Seals and opens one secret; keys and secrets are addresses of locked slots."""

    def __init__(self, sodium: Sodium) -> None:
        self._sodium = sodium

    def fresh_nonce(self) -> bytes:
        """Return 12 random bytes."""
        nonce = (ctypes.c_char * NONCE_SIZE)()
        self._sodium.randombytes(nonce, NONCE_SIZE)
        return nonce.raw

    def seal(self, key: int, secret: int, nonce: bytes, associated: bytes) -> bytes:
        """Return ciphertext and tag, 48 bytes.

        Args:
            key: Address of the 32-byte key.
            secret: Address of the 32 bytes to seal.
            nonce: 12 bytes, never used before under this key.
            associated: What is bound to the ciphertext.
        """
        sealed = (ctypes.c_char * SEALED_SIZE)()
        self._sodium.aes256gcm_encrypt(
            sealed, None, secret, SECRET_SIZE, associated, len(associated), None, nonce, key
        )
        return sealed.raw

    def open(self, key: int, sealed: bytes, nonce: bytes, associated: bytes, into: int) -> bool:
        """Open 48 bytes to an address; ``False``, with nothing opened, if the tag is wrong."""
        result: int = self._sodium.aes256gcm_decrypt(
            into, None, None, sealed, SEALED_SIZE, associated, len(associated), nonce, key
        )
        return result == 0
