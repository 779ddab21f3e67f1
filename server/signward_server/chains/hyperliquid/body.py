"""What is posted to the exchange: exactly what was signed."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import to_json

__all__ = ["post_body"]


def post_body(
    wire: Mapping[str, object],
    nonce: int,
    signature: Mapping[str, object],
    vault: str,
    expires_after: int,
) -> bytes:
    """Return the body of the POST to ``/exchange``, JSON in UTF-8 (RFC 8259).

    Args:
        wire: The action as it was signed, in its order of keys.
        nonce: Likewise.
        signature: ``r``, ``s`` and ``v``.
        vault: Address in lower case; empty for none.
        expires_after: Milliseconds since the epoch; 0 for never.
    """
    body = {
        "action": wire,
        "nonce": nonce,
        "signature": signature,
        "vaultAddress": vault or None,
        "expiresAfter": expires_after or None,
    }
    return to_json(body)
