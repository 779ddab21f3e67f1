"""Page tokens: opaque, and without authority: a forged one only starts elsewhere."""

from __future__ import annotations

import base64
import binascii

from signward_server.core.errors import FieldInvalid

__all__ = ["decode_page_token", "encode_page_token"]

_LONGEST = 256
_FORM = b"\x01"


def encode_page_token(after: str) -> str:
    """Return the token of the page that begins after this id; empty for no page."""
    if not after:
        return ""
    return base64.urlsafe_b64encode(_FORM + after.encode()).decode().rstrip("=")


def decode_page_token(token: str) -> str:
    """Return the id after which a page begins; empty for the first page.

    Raises:
        FieldInvalid: It is no token of ours.
    """
    if not token:
        return ""
    if len(token) > _LONGEST:
        raise _invalid()
    try:
        padded = token + "=" * (-len(token) % 4)
        data = base64.b64decode(padded, altchars=b"-_", validate=True)
        text = data.removeprefix(_FORM).decode()
    except (ValueError, binascii.Error) as exc:
        raise _invalid() from exc
    if not data.startswith(_FORM):
        raise _invalid()
    return text


def _invalid() -> FieldInvalid:
    return FieldInvalid.at("page_token", "Must be a next_page_token of this RPC.")
