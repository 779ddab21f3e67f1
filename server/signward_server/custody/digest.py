"""What is done to a message before it is signed or verified."""

from __future__ import annotations

import hashlib
from typing import Final

from sha3 import keccak_256

from signward_server.core.payloads import Hash

__all__ = ["message_digest"]

_DIGEST_SIZE: Final = 32


def message_digest(message: bytes, hash_: Hash) -> bytes:
    """Return the 32 bytes that an ECDSA signature covers.

    Args:
        message: The message; with ``PREHASHED`` the digest itself.
        hash_: SHA-256 (FIPS 180-4), Keccak-256 (as Ethereum uses it, not FIPS 202), or none.

    Raises:
        ValueError: ``NONE``, or a prehashed message that has not 32 bytes.
    """
    if hash_ is Hash.SHA256:
        return hashlib.sha256(message).digest()
    if hash_ is Hash.KECCAK256:
        digest: bytes = keccak_256(message).digest()
        return digest
    if hash_ is Hash.PREHASHED and len(message) == _DIGEST_SIZE:
        return message
    raise ValueError("ECDSA signs a message under a hash, or a digest of 32 bytes")
