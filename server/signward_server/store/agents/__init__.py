"""Every agent of a Hyperliquid account that was ever approved."""

from signward_server.store.agents.authentic import AuthenticAgents
from signward_server.store.agents.register import StoredAgents

__all__ = ["AuthenticAgents", "StoredAgents"]
