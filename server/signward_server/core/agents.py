"""Agents of Hyperliquid accounts: key pairs that may trade for a master, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Agent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent.

    Attributes:
        address: Its address, ``0x`` and 40 lower-case hex digits.
        key: Id of the master's key.
        account: The master's address, as ``address``.
        agent_key: Id of the agent's key.
        agent_version: Version of that key.
        name: Its name on the exchange without what says when it ends; empty for none.
        network: ``mainnet`` or ``testnet``.
        nonce: Nonce of its approval, milliseconds since the epoch.
        approve_time: When that was signed, UTC.
        expire_time: When the exchange ends it by itself; ``None`` if nothing was said.
        end_time: When it was ended here for good; ``None`` if it was not.
    """

    address: str
    key: str
    account: str
    agent_key: str
    agent_version: int
    name: str
    network: str
    nonce: int
    approve_time: datetime
    expire_time: datetime | None = None
    end_time: datetime | None = None
