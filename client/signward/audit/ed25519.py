"""Ed25519 (RFC 8032): the one module of the client that needs ``cryptography``."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["verifies"]


def verifies(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether a key of 32 bytes made a signature of 64 bytes over a message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
