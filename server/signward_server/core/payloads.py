"""What callers ask to be signed, and what they get back: one pair of types a chain."""

from __future__ import annotations

import enum

from signward_server.core.value import value

__all__ = [
    "Hash",
    "OrderIntent",
    "OrderSignature",
    "Payload",
    "RawMessage",
    "RawSignature",
    "Result",
]


class Hash(enum.IntEnum):
    """What is done to a message before a secp256k1 signature; Ed25519 takes ``NONE``."""

    NONE = 0
    SHA256 = 1
    KECCAK256 = 2
    PREHASHED = 3


@value
class RawMessage:
    """Bytes to sign as they are.

    Attributes:
        message: At most 64 KiB; with ``PREHASHED`` a 32-byte digest.
        hash: ``NONE`` for Ed25519, one of the others for secp256k1.
    """

    message: bytes
    hash: Hash


@value
class OrderIntent:
    """An order of a bot for its own back end (not the exchange's wire format).

    Attributes:
        action: What to do, ``[A-Za-z0-9:/_-]{1,32}``.
        coin: Which asset, same alphabet.
        is_buy: Side.
        sz: Size, decimal string.
        limit_px: Limit price, decimal string.
        timestamp: Milliseconds since the epoch.
    """

    action: str
    coin: str
    is_buy: bool
    sz: str
    limit_px: str
    timestamp: int


Payload = RawMessage | OrderIntent


@value
class RawSignature:
    """Answer to a ``RawMessage``.

    Attributes:
        signature: 64 bytes: Ed25519 (RFC 8032), or r||s with low s.
        recovery_id: secp256k1: 0 to 3 (SEC 1, section 4.1.6); Ed25519: 0.
        der: secp256k1: the DER form (RFC 3279); Ed25519: empty.
    """

    signature: bytes
    recovery_id: int
    der: bytes


@value
class OrderSignature:
    """Answer to an ``OrderIntent``.

    Attributes:
        signature: 64 bytes, as in ``RawSignature``.
        signed_bytes: What was signed; the public key alone verifies it.
    """

    signature: bytes
    signed_bytes: bytes


Result = RawSignature | OrderSignature
