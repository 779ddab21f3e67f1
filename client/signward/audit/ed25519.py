"""Ed25519 (RFC 8032): the one module of audit verification that needs ``cryptography``."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

__all__ = ["public_key_of", "sign", "verifies"]


def verifies(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether a key of 32 bytes made a signature of 64 bytes over a message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key_of(seed: bytes) -> bytes:
    """Return the public key, 32 bytes, of a private key of 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed: bytes, message: bytes) -> bytes:
    """Return the signature, 64 bytes, of a private key of 32 bytes over a message."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)
