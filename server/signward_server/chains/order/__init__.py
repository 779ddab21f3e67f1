"""Order intents for a bot's own back end; the Hyperliquid exchange does not accept them.

A signed intent can be replayed until the back end rejects its timestamp.
"""

from __future__ import annotations

from signward_server.chains.order.chain import DEFAULT_WINDOW_MS, OrderChain

__all__ = ["DEFAULT_WINDOW_MS", "OrderChain"]
