"""Actions in any of three forms become payloads: messages, the exchange's objects, JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from google.protobuf.message import Message

from signward.hyperliquid.json_text import json_text
from signward.hyperliquid.kinds import NONCES, message_of
from signward.hyperliquid.reader import Reader, Unlike
from signward.v1 import hyperliquid_pb2 as pb

__all__ = ["Action", "hyperliquid_payload"]

Action: TypeAlias = Message | Mapping[str, Any] | bytes
"""What to do: a message of ``signward.v1.hyperliquid_pb2`` such as ``HyperliquidOrders``; an object
as the exchange takes it, such as ``{"type": "cancel", ...}``; or JSON, which is sent as it is."""

_FIELDS = {
    field.message_type.full_name: field.name
    for field in pb.HyperliquidPayload.DESCRIPTOR.oneofs_by_name["action"].fields
    if field.message_type is not None
}


def hyperliquid_payload(
    action: Action, *, vault_address: str = "", expires_after: int = 0, nonce: int = 0
) -> pb.HyperliquidPayload:
    """Return the payload of an action.

    An object of the exchange becomes the message that says exactly the same. Where there is
    none, or the object names its chain, it goes as JSON, in the order of its members: the daemon
    signs that only if it would write the same, or if a policy allows kinds that it does not know.

    Args:
        action: What to do.
        vault_address: Vault or sub-account to act for; empty: the key's vault or own account.
        expires_after: Milliseconds since 1970 after which the exchange refuses it; 0: never.
        nonce: The nonce; 0: that of the object, else the daemon's next.

    Raises:
        TypeError: The action has none of the three forms.
        ValueError: The object is no JSON, or has another nonce than the argument.
    """
    payload = pb.HyperliquidPayload(
        vault_address=vault_address, expires_after=expires_after, nonce=nonce
    )
    if isinstance(action, bytes):
        payload.json = action
    elif isinstance(action, Message):
        _set(payload, action)
    elif isinstance(action, Mapping):
        _set_object(payload, action)
    else:
        raise TypeError("an action is a message, an object of the exchange, or JSON as bytes")
    return payload


def _set(payload: pb.HyperliquidPayload, message: Message) -> None:
    name = _FIELDS.get(message.DESCRIPTOR.full_name)
    if name is None:
        raise TypeError(f"{message.DESCRIPTOR.name} is no action")
    getattr(payload, name).SetInParent()
    getattr(payload, name).CopyFrom(message)


def _set_object(payload: pb.HyperliquidPayload, action: Mapping[str, Any]) -> None:
    nonce = action.get(NONCES.get(str(action.get("type")), ""), 0)
    if type(nonce) is int and nonce:
        if payload.nonce not in (0, nonce):
            raise ValueError("the action has another nonce within itself; leave it out there")
        payload.nonce = nonce
    try:
        _set(payload, _message(action))
    except Unlike:
        payload.json = json_text(action)


def _message(action: Mapping[str, Any]) -> Message:
    wire = Reader(action)
    kind = wire.take("type", str)
    name = NONCES.get(kind, "")
    if wire.has(name):
        wire.take(name, int)
    try:
        return message_of(kind, wire)
    except (TypeError, ValueError) as error:  # protobuf's, of what a field cannot hold
        raise Unlike from error
