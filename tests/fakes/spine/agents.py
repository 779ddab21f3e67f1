"""Agents that may be approved."""

from __future__ import annotations

from signward_server.core.errors import FieldInvalid
from signward_server.core.keys import Key

__all__ = ["FakeAgents"]


class FakeAgents:
    """Implements ``core.ports.Agents``.

    Attributes:
        known: Addresses that may be approved.
        asked: What was asked for, in order.
    """

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.asked: list[tuple[str, str]] = []

    def ensure_approvable(self, address: str, key: Key) -> None:
        self.asked.append((address, key.id))
        if address not in self.known:
            raise FieldInvalid.at("agent_address", "Must be the address of a key of this daemon.")
