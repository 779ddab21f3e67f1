"""Actions of the Hyperliquid exchange and their signatures. The hot path runs through here."""

from __future__ import annotations

from signward.v1 import hyperliquid_pb2 as pb

from signward_server.core.payloads import HyperliquidPayload, HyperliquidSignature
from signward_server.rpc.convert.records import Records

__all__ = ["hyperliquid_payload", "hyperliquid_signature", "write_hyperliquid"]

_RECORDS = Records()
_READERS = {
    field.name: _RECORDS.reader(field.message_type)
    for field in pb.HyperliquidPayload.DESCRIPTOR.oneofs_by_name["action"].fields
    if field.message_type is not None
}


def hyperliquid_payload(message: pb.HyperliquidPayload) -> HyperliquidPayload:
    """Convert an action; its kind is empty if none is set, which its chain refuses."""
    kind = message.WhichOneof("action")
    if kind is None:
        return HyperliquidPayload("", {})
    found = getattr(message, kind)
    return HyperliquidPayload(
        kind,
        {"json": found} if kind == "json" else _READERS[kind](found),
        message.vault_address,
        message.expires_after,
        message.nonce,
    )


def hyperliquid_signature(message: pb.HyperliquidSignature) -> HyperliquidSignature:
    """Convert a signature that is said to be one of an action."""
    return HyperliquidSignature(
        message.r,
        message.s,
        message.v,
        message.nonce,
        message.expires_after,
        message.action_hash,
        message.post_body,
    )


def write_hyperliquid(message: pb.HyperliquidSignature, result: HyperliquidSignature) -> None:
    """Write a signature into a message."""
    message.r = result.r
    message.s = result.s
    message.v = result.v
    message.nonce = result.nonce
    if result.expires_after:
        message.expires_after = result.expires_after
    message.action_hash = result.action_hash
    message.post_body = result.post_body
