"""The stand-in where no caps are configured."""

from __future__ import annotations

from signward_server.core.caps import UNCOUNTED
from signward_server.core.identity import Identity
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports import Reservation
from signward_server.core.signing import Decoded

__all__ = ["NoCaps"]


class NoCaps:
    """Counts nothing; implements ``ports.Caps``."""

    actions: frozenset[str] = frozenset()

    def alone(self, decoded: Decoded) -> Reservation:
        """Return a reservation of nothing."""
        return UNCOUNTED

    def reserve(
        self, identity: Identity, key: Key, version: KeyVersion, decoded: Decoded
    ) -> Reservation:
        """Return a reservation of nothing."""
        return UNCOUNTED
