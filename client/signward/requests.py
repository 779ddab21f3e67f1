"""Building sign requests: the same message serves single calls, batches and streams."""

from __future__ import annotations

from signward.hyperliquid.actions import Action, hyperliquid_payload
from signward.v1 import sign_service_pb2 as pb

__all__ = ["hyperliquid_request", "order_request", "raw_request"]


def raw_request(
    key: str,
    message: bytes,
    *,
    hash: pb.Hash.ValueType | None = None,  # noqa: A002 -- the field's name in the API
    version: int = 0,
    expected_fingerprint: bytes = b"",
    request_id: str = "",
) -> pb.SignRequest:
    """Ask for a signature over a message.

    Args:
        key: Id of the key, of purpose raw.
        message: 1 to 65,536 bytes; exactly 32 with ``HASH_PREHASHED``.
        hash: What secp256k1 signs: ``HASH_SHA256``, ``HASH_KECCAK256`` or ``HASH_PREHASHED``.
            ``None`` for Ed25519.
        version: Version of the key; 0: the primary one.
        expected_fingerprint: SHA-256 of the public key that must sign (32 bytes); empty: any.
        request_id: At most 64 printable ASCII characters that make a retry safe; empty: none.
    """
    return pb.SignRequest(
        key=key,
        version=version,
        expected_fingerprint=expected_fingerprint,
        request_id=request_id,
        raw=pb.RawMessage(message=message, hash=hash or pb.HASH_UNSPECIFIED),
    )


def order_request(
    key: str,
    *,
    action: str,
    coin: str,
    is_buy: bool,
    sz: str,
    limit_px: str,
    timestamp: int,
    version: int = 0,
    expected_fingerprint: bytes = b"",
    request_id: str = "",
) -> pb.SignRequest:
    """Ask for a signature over an order intent.

    Args:
        key: Id of the key, of purpose order or raw.
        action: What to do, such as ``order``.
        coin: What to trade, such as ``BTC``.
        is_buy: ``True``: buy; ``False``: sell.
        sz: Size in units of the coin, plain decimal such as ``0.5``.
        limit_px: Limit price in the quote currency, plain decimal.
        timestamp: Milliseconds since the Unix epoch, within the daemon's window around now.
        version: Version of the key; 0: the primary one.
        expected_fingerprint: SHA-256 of the public key that must sign (32 bytes); empty: any.
        request_id: At most 64 printable ASCII characters that make a retry safe; empty: none.
    """
    return pb.SignRequest(
        key=key,
        version=version,
        expected_fingerprint=expected_fingerprint,
        request_id=request_id,
        order=pb.OrderIntent(
            action=action,
            coin=coin,
            is_buy=is_buy,
            sz=sz,
            limit_px=limit_px,
            timestamp=timestamp,
        ),
    )


def hyperliquid_request(
    key: str,
    action: Action,
    *,
    vault_address: str = "",
    expires_after: int = 0,
    nonce: int = 0,
    version: int = 0,
    expected_fingerprint: bytes = b"",
    request_id: str = "",
) -> pb.SignRequest:
    """Ask for a signature over an action of the Hyperliquid exchange.

    Args:
        key: Id of the key, of purpose hyperliquid.
        action: What to do, in any of the forms that ``signward.hyperliquid.Action`` names.
        vault_address: Vault or sub-account to act for; empty: the key's vault or own account.
        expires_after: Milliseconds since 1970 after which the exchange refuses it; 0: never.
        nonce: Milliseconds since 1970, above the signer's last one; 0: the daemon's next.
        version: Version of the key; 0: the primary one.
        expected_fingerprint: SHA-256 of the public key that must sign (32 bytes); empty: any.
        request_id: At most 64 printable ASCII characters that make a retry safe, at the cost of
            a write to the daemon's store; empty: none.

    Raises:
        TypeError: The action has none of these forms.
        ValueError: It is no JSON, or has another nonce within itself.
    """
    return pb.SignRequest(
        key=key,
        version=version,
        expected_fingerprint=expected_fingerprint,
        request_id=request_id,
        hyperliquid=hyperliquid_payload(
            action, vault_address=vault_address, expires_after=expires_after, nonce=nonce
        ),
    )
