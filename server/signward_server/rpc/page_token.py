"""Page tokens: opaque, and good for nothing but the list that they were given in.

Whoever could choose where a page begins would count the keys between two places, and so find
the ids of keys that it may not view (S39). A token therefore carries a MAC over the RPC, the
caller, the filter and the place. All workers have the same key: the next page may be asked for
over another connection.
"""

from __future__ import annotations

import base64
import hmac
import json

from signward_server.core.errors import FieldInvalid
from signward_server.core.ports import Call
from signward_server.flows.key_reading import Place

__all__ = ["PageTokens"]

_LONGEST = 512
_MAC_BYTES = 16


class PageTokens:
    """Gives tokens out and takes them back.

    Args:
        key: 32 bytes that no caller knows.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encode(self, call: Call, filtered: bytes, place: Place | None) -> str:
        """Return the token of the page that begins there; empty for no page.

        Args:
            call: Who lists with which RPC.
            filtered: What stands for the filter of the list.
            place: Where the page begins, ``None`` at the end.
        """
        if place is None:
            return ""
        text = f"{place.skip}/{place.after}".encode()
        token = self._mac(call, filtered, text) + text
        return base64.urlsafe_b64encode(token).decode().rstrip("=")

    def decode(self, call: Call, filtered: bytes, token: str) -> Place:
        """Return where a page begins: at the start for the empty token.

        Raises:
            FieldInvalid: It was not given to this caller for this list.
        """
        if not token:
            return Place()
        if len(token) > _LONGEST:
            raise _invalid()
        try:
            padded = token + "=" * (-len(token) % 4)
            data = base64.b64decode(padded, altchars=b"-_", validate=True)
        except ValueError as exc:
            raise _invalid() from exc
        mac, text = data[:_MAC_BYTES], data[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(call, filtered, text)):
            raise _invalid()
        skip, _, after = text.decode().partition("/")
        return Place(after, int(skip))

    def _mac(self, call: Call, filtered: bytes, text: bytes) -> bytes:
        listing = json.dumps([call.method, str(call.identity), filtered.hex(), text.hex()])
        return hmac.digest(self._key, listing.encode(), "sha256")[:_MAC_BYTES]


def _invalid() -> FieldInvalid:
    rule = "Must be the next_page_token of this list; begin again without one."
    return FieldInvalid.at("page_token", rule)
