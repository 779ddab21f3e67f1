"""What callers ask to be signed, and what they get back: one pair of types a chain."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from signward_server.core.value import value

__all__ = [
    "Hash",
    "HyperliquidPayload",
    "HyperliquidSignature",
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


@value
class HyperliquidPayload:
    """An action of the Hyperliquid exchange.

    Attributes:
        kind: Which member of the API's ``action`` is set (``order``, ``usd_send``, ``json``).
        action: Its fields by their names in the API: text, numbers, flags, ``bytes`` of
            ``json``; a record for a message, a list for what repeats. Enums are the last part
            of their name in lower case (``ioc``), ``""`` where they are not said. What is
            absent is ``None``; of a choice, what is chosen stands there and its name under that
            of the choice (``{"type": "limit", "limit": {...}}``).
        vault_address: Vault that is acted for, empty for none or the key's.
        expires_after: Milliseconds since the epoch, 0 for never.
        nonce: The caller's own, 0 for the daemon's next.
    """

    kind: str
    action: Mapping[str, object]
    vault_address: str = ""
    expires_after: int = 0
    nonce: int = 0


Payload = RawMessage | OrderIntent | HyperliquidPayload


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


@value
class HyperliquidSignature:
    """Answer to a ``HyperliquidPayload``.

    Attributes:
        r: ``0x`` and 64 hex digits.
        s: Likewise, low.
        v: 27 or 28.
        nonce: The nonce that was signed.
        expires_after: Milliseconds since the epoch, 0 for never.
        action_hash: 32 bytes, see ``HyperliquidSignature`` in the API.
        post_body: JSON for ``/exchange``; empty for what is not posted by itself.
    """

    r: str
    s: str
    v: int
    nonce: int
    expires_after: int
    action_hash: bytes
    post_body: bytes


Result = RawSignature | OrderSignature | HyperliquidSignature
