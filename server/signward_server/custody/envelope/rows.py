"""MACs of stored rows under a key derived from the KEK (S17)."""

from __future__ import annotations

import hmac

from signward_server.custody.envelope.kek import Kek
from signward_server.custody.envelope.mac_key import MacKey

__all__ = ["KekRowAuthenticator"]


class KekRowAuthenticator:
    """Implements ``core.ports.RowAuthenticator`` with HMAC-SHA256.

    The caller gives canonical bytes: two rows that differ must not give the same bytes.
    Both methods raise ``CustodyUnavailable`` once the KEK is closed.

    Args:
        kek: The KEK, or another key that authenticates.
    """

    def __init__(self, kek: Kek | MacKey) -> None:
        self._kek = kek

    def tag(self, row: bytes) -> bytes:
        """Return the 32-byte MAC of a row's canonical bytes."""
        return self._kek.mac(row)

    def matches(self, row: bytes, tag: bytes) -> bool:
        """Return whether this is the row's MAC, in constant time."""
        return hmac.compare_digest(self._kek.mac(row), tag)
