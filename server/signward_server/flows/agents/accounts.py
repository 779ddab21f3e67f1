"""Which ledger account a version acts for, in memory."""

from __future__ import annotations

from signward_server.core.keys import Key, KeyVersion, Purpose
from signward_server.core.ports import AgentRegister
from signward_server.flows.agents.addresses import Addresses

__all__ = ["Accounts"]


class Accounts:
    """Implements ``core.ports.AccountOf``.

    An agent acts for its master from its approval on, and keeps doing so when it is over: what
    it has spent stays the master's.

    Args:
        register: Every agent.
        addresses: Those of keys.
    """

    def __init__(self, register: AgentRegister, addresses: Addresses) -> None:
        self._register = register
        self._addresses = addresses

    def account(self, key: Key, version: KeyVersion) -> str:
        """See ``core.ports.AccountOf.account``."""
        if key.purpose is not Purpose.HYPERLIQUID:
            return ""
        agent = self._register.of_version(key.id, version.version)
        if agent is not None:
            return agent.account
        address = self._addresses.of(key, version)
        known = self._register.get(address)  # refuses one whose row is not as it was written
        return address if known is None else known.account
