"""Whose agent an address is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from signward_server.core.agents import Agent
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports.store import RequestScope
from signward_server.core.signing import Decoded

__all__ = ["AccountOf", "AgentRegister", "Agents"]


class AccountOf(Protocol):
    """Which ledger account a version acts for; in memory, for the signing path."""

    def account(self, key: Key, version: KeyVersion) -> str:
        """Return the address: the master's for an agent, else the version's own; empty for none.

        Raises:
            EnvelopeCorrupt: What is known of the agent fails its MAC (S17).
        """
        ...


class Agents(Protocol):
    """Who may be approved as an agent, and who was (S31)."""

    def key_of(self, decoded: Decoded, is_visible: Callable[[Key], bool]) -> Key:
        """Return the key that a payload grants rights to.

        Args:
            decoded: What ``grants`` rights.
            is_visible: Says whether the caller may know of a key.

        Raises:
            FieldInvalid: It is no key of this catalogue, or one that the caller may not know
                of: one answer for both (S39).
        """
        ...

    def ensure_approvable(self, key: Key, version: KeyVersion, decoded: Decoded) -> None:
        """Return if the address that a payload grants rights to may become an agent.

        Args:
            key: The key that is to sign, the master's.
            version: Its version that is to sign.
            decoded: What ``grants`` rights.

        Raises:
            FieldInvalid: It is no key of this catalogue on the same network that may sign or is
                pending, the master's own, or one that was ended, replaced or approved for
                another account.
            EnvelopeCorrupt: What is known of it fails its MAC.
        """
        ...

    def granted(self, key: Key, version: KeyVersion, decoded: Decoded) -> None:
        """Remember, before the signature leaves, whom it gives rights to.

        Args:
            key: The key that has signed.
            version: Its version that has.
            decoded: What it has signed, with its nonce.

        Raises:
            EnvelopeCorrupt: What is known of the agent fails its MAC.
            EtagMismatch: Something else became of it at this very moment.
            StoreUnavailable: The store cannot be written now.
        """
        ...


class AgentRegister(Protocol):
    """Every agent that was ever approved, in memory; each row is authentic (S17)."""

    def get(self, address: str) -> Agent | None:
        """Return an agent, ``None`` if there is none.

        Raises:
            EnvelopeCorrupt: Its row fails its MAC.
        """
        ...

    def of_version(self, key_id: str, version: int) -> Agent | None:
        """Return the agent that a version of a key is, ``None`` if it is none."""
        ...

    def of_name(self, account: str, network: str, name: str) -> Agent | None:
        """Return the agent that was approved last under a name, ``None`` if there is none."""
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
            EnvelopeCorrupt: Its row fails its MAC.
            StoreUnavailable: The store cannot be read now.
        """
        ...

    def is_requested(self, address: str) -> bool:
        """Return whether a request has approved it that is remembered."""
        ...

    def put(self, agent: Agent, scope: RequestScope | None = None, content: bytes = b"") -> Agent:
        """Store an agent, new or changed, with the request that asks for it, in one transaction.

        Every process knows it when this returns (S34). An end is for good: what was ended stays
        ended, whatever is put. So is the request: what one has approved, no other one approves.

        Raises:
            RequestIdReused: The scope was used before.
            EtagMismatch: It was approved by another request, or for another account.
            EnvelopeCorrupt: Its row fails its MAC.
            StoreUnavailable: The store cannot be written now.
        """
        ...
