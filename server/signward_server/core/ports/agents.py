"""Whose agent an address is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from signward_server.core.agents import Agent
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports.store import RequestScope

__all__ = ["AccountOf", "AgentRegister", "Agents"]


class AccountOf(Protocol):
    """Which ledger account a version acts for; in memory, for the signing path."""

    def account(self, key: Key, version: KeyVersion) -> str:
        """Return the address: the master's for an agent, else the version's own; empty for none."""
        ...


class Agents(Protocol):
    """Who may be approved as an agent (S31)."""

    def ensure_approvable(self, address: str, key: Key) -> None:
        """Return if an address may become an agent of a key's account.

        Args:
            address: In lower case.
            key: The master's.

        Raises:
            FieldInvalid: It is no key of this catalogue on the same network, the master's own,
                or one that was ended.
        """
        ...


class AgentRegister(Protocol):
    """Every agent that was ever approved; each row is authentic (S17)."""

    def get(self, address: str) -> Agent | None:
        """Return an agent, ``None`` if there is none.

        Raises:
            EnvelopeCorrupt: Its row fails its MAC.
            StoreUnavailable: The store cannot be read now.
        """
        ...

    def page(self, key: str, before: str, limit: int) -> Sequence[Agent]:
        """Return the agents of a master key, newest approval first.

        Args:
            key: Id of the master's key.
            before: Address after which the page begins; empty for the newest.
            limit: How many.
        """
        ...

    def approved_by(self, scope: RequestScope, content: bytes) -> Agent | None:
        """Return the agent that this request approved; ``None`` if it approved none.

        Raises:
            RequestIdReused: The scope was used with other content.
        """
        ...

    def put(self, agent: Agent, scope: RequestScope | None = None, content: bytes = b"") -> Agent:
        """Store an agent, new or changed, with the request that asks for it, in one transaction.

        An end is for good: what was ended stays ended, whatever is put.

        Raises:
            RequestIdReused: The scope was used before.
            StoreUnavailable: The store cannot be written now.
        """
        ...
