"""Prices that the operator vouches for, to judge orders by (S32)."""

from __future__ import annotations

from typing import Protocol

__all__ = ["References"]


class References(Protocol):
    """Reference prices by network and asset; quick, reads nothing."""

    def price(self, network: str, asset: int) -> int:
        """Return a price in 1e-8 units, above 0; 0: there is none, or it is too old.

        Args:
            network: ``mainnet`` or ``testnet``.
            asset: Number of the asset, as the exchange numbers it.
        """
        ...
