"""The networks of ledgers that a key can be pinned to."""

from __future__ import annotations

from typing import Final

__all__ = ["HYPERLIQUID_NETWORKS"]

HYPERLIQUID_NETWORKS: Final = ("mainnet", "testnet")
"""Those of the Hyperliquid exchange."""
