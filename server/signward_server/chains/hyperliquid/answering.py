"""Answers of the exchange's form, and what callers claim to be one."""

from __future__ import annotations

import re

from signward_server.chains.hyperliquid.body import post_body
from signward_server.chains.hyperliquid.sealing import SealedForm
from signward_server.core.payloads import HyperliquidSignature, Result
from signward_server.core.signing import Decoded, ResultMismatch

__all__ = ["answer", "claimed"]

_V = 27  # and the parity: yellow paper, appendix F
_SIZE = 32

_is_scalar = re.compile(r"0x[0-9a-fA-F]{1,64}").fullmatch


def answer(decoded: Decoded, value: bytes, parity: int) -> HyperliquidSignature:
    """Return the answer to an action.

    Args:
        decoded: With its nonce.
        value: 64 bytes, r||s.
        parity: 0 or 1.
    """
    form = decoded.form
    if not isinstance(form, SealedForm):
        raise TypeError("not an action with a nonce")
    sealed = form.sealed
    r, s, v = f"0x{value[:_SIZE].hex()}", f"0x{value[_SIZE:].hex()}", _V + parity
    body = b""
    if sealed.wire is not None:
        signature = {"r": r, "s": s, "v": v}
        body = post_body(sealed.wire, decoded.nonce, signature, form.vault, form.expires_after)
    return HyperliquidSignature(
        r, s, v, decoded.nonce, form.expires_after, sealed.action_hash, body
    )


def claimed(decoded: Decoded, result: Result) -> bytes:
    """Return the signature that is claimed to be one of an action: r||s and the parity.

    r and s may lack zeros in front, as the exchange's own client writes them. An empty part
    beside r, s and v claims nothing.

    Raises:
        ResultMismatch: It is of another kind, out of form, or another part of it is not what
            the action gives.
    """
    if not isinstance(result, HyperliquidSignature):
        raise ResultMismatch("The result is of another kind than the payload.")
    if not (_is_scalar(result.r) and _is_scalar(result.s)):
        raise ResultMismatch("r and s must be 0x and up to 64 hex digits.")
    if result.v not in (_V, _V + 1):
        raise ResultMismatch("v must be 27 or 28.")
    value = _scalar(result.r) + _scalar(result.s)
    parity = result.v - _V
    expected = answer(decoded, value, parity)
    if result.nonce not in (0, expected.nonce):
        raise ResultMismatch("The nonce is not that of the payload.")
    if result.expires_after not in (0, expected.expires_after):
        raise ResultMismatch("expires_after is not that of the payload.")
    if result.action_hash not in (b"", expected.action_hash):
        raise ResultMismatch("The action hash is not that of the payload.")
    if result.post_body not in (b"", expected.post_body):
        raise ResultMismatch("The body is not that of the payload and the signature.")
    return value + bytes([parity])


def _scalar(text: str) -> bytes:
    return int(text, 16).to_bytes(_SIZE, "big")
