"""Actions of the Hyperliquid exchange: its own bytes, hashes and signatures."""

from __future__ import annotations

from signward_server.chains.hyperliquid.addresses import address_of
from signward_server.chains.hyperliquid.chain import HyperliquidChain, NoReferences

__all__ = ["HyperliquidChain", "NoReferences", "address_of"]
