"""Page tokens: opaque, and without authority: a forged one only starts elsewhere."""

from __future__ import annotations

import base64
import binascii
import re

from signward_server.core.errors import FieldInvalid
from signward_server.flows.key_reading import Place

__all__ = ["decode_page_token", "decode_place", "encode_page_token", "encode_place"]

_SKIP = re.compile(r"[1-9][0-9]{0,8}")
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


def encode_place(place: Place | None) -> str:
    """Return the token of the page that begins there; empty for no page."""
    if place is None:
        return ""
    return encode_page_token(f"{place.skip}/{place.after}" if place.skip else place.after)


def decode_place(token: str) -> Place:
    """Return where a page begins.

    Raises:
        FieldInvalid: It is no token of ours.
    """
    head, slash, after = decode_page_token(token).partition("/")
    if not slash:
        return Place(head)
    if not _SKIP.fullmatch(head):
        raise _invalid()
    return Place(after, int(head))


def _invalid() -> FieldInvalid:
    return FieldInvalid.at("page_token", "Must be a next_page_token of this RPC.")
