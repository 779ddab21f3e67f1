"""Sealing a private key on its way to a daemon: HPKE (RFC 9180), with ``cryptography``."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from signward.importing import Seal

__all__ = ["sealer"]

_SIZE = 32


def sealer(private_key: bytes) -> Seal:
    """Return what seals a private key that is in this process.

    Args:
        private_key: Ed25519 seed (RFC 8032), or secp256k1 scalar, big-endian: 32 bytes.

    Raises:
        ValueError: It has another length.
    """
    if len(private_key) != _SIZE:
        raise ValueError("a private key has 32 bytes")

    def seal(public_key: bytes, info: bytes) -> bytes:
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        return suite.encrypt(private_key, X25519PublicKey.from_public_bytes(public_key), info)

    return seal
