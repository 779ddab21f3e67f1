"""Bodies that were posted, or are to be, taken apart again."""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType
from typing import TypeVar

from signward.hyperliquid.json_text import json_text, parsed
from signward.hyperliquid.reader import Reader, Unlike
from signward.v1 import hyperliquid_pb2 as pb

__all__ = ["PostedBody", "read_body"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class PostedBody:
    """What a body says, as ``Client.verify_hyperliquid`` takes it.

    Attributes:
        action: The action, JSON.
        signature: r, s, v, the nonce, and after which time the exchange refuses it.
        vault_address: Vault or sub-account that is acted for; empty: none.
    """

    action: bytes
    signature: pb.HyperliquidSignature
    vault_address: str


def read_body(body: bytes) -> PostedBody:
    """Take a body apart.

    Raises:
        ValueError: It is no JSON, or not the body of a signed action.
    """
    try:
        whole = Reader(parsed(body))
        signature = whole.inner("signature")
        return PostedBody(
            action=json_text(whole.take("action", dict)),
            signature=pb.HyperliquidSignature(
                r=signature.take("r", str),
                s=signature.take("s", str),
                v=signature.take("v", int),
                nonce=whole.take("nonce", int),
                expires_after=_perhaps(whole, "expiresAfter", int) or 0,
            ),
            vault_address=_perhaps(whole, "vaultAddress", str) or "",
        )
    except Unlike as error:
        raise ValueError("it is not the body of a signed action") from error


def _perhaps(wire: Reader, name: str, kind: type[_T]) -> _T | None:
    """Take a member that may be missing or ``null``."""
    if not wire.has(name, kind):
        if wire.has(name):
            wire.take(name, NoneType)
        return None
    return wire.take(name, kind)
