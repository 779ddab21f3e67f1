"""Claims and rows, by way of the MAC (S17, S33)."""

from __future__ import annotations

import logging
import struct

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.ports import RowAuthenticator
from signward_server.store.canonical import claim_mac_input
from signward_server.store.claims import ClaimRow, StoredClaim

__all__ = ["AuthenticClaims"]

_log = logging.getLogger(__name__)


class AuthenticClaims:
    """Makes MACs of claims, and claims of none but rows with the right one.

    A row of a release that knew no MAC has none, and no nonce either: it counts. One with a
    nonce never does without: what it says would be signed, and charged to nobody.

    Args:
        authenticator: Makes and checks the MACs.
    """

    def __init__(self, authenticator: RowAuthenticator) -> None:
        self._authenticator = authenticator

    def tag(self, scope: bytes, identity: str, claim: ClaimRow) -> bytes:
        """Return the MAC of a claim that is to be stored."""
        row = StoredClaim(
            identity, claim.content, claim.version, claim.time, None, None, claim.nonce
        )
        return self.tagged(scope, row)

    def tagged(self, scope: bytes, row: StoredClaim) -> bytes:
        """Return the MAC that a row is to carry."""
        return self._authenticator.tag(claim_mac_input(scope, row))

    def claim(self, scope: bytes, row: StoredClaim) -> ClaimRow:
        """Return the claim of a row.

        Raises:
            EnvelopeCorrupt: The row is not as it was written.
        """
        if not (row.mac is None and row.nonce is None) and not self.is_genuine(scope, row):
            _log.error("a request id fails its MAC and is refused")
            raise EnvelopeCorrupt
        return ClaimRow(row.content, row.version, row.claim_time, row.nonce)

    def is_genuine(self, scope: bytes, row: StoredClaim) -> bool:
        """Return whether a row carries the right MAC."""
        if not isinstance(row.mac, bytes):
            return False
        try:
            return self._authenticator.matches(claim_mac_input(scope, row), row.mac)
        except (ValueError, TypeError, AttributeError, struct.error):
            return False  # a value of another type than its column, which was never written
