"""Agents that may be approved."""

from __future__ import annotations

from signward_server.core.errors import FieldInvalid
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.signing import Decoded

__all__ = ["FakeAgents"]


class FakeAgents:
    """Implements ``core.ports.Agents``.

    Attributes:
        known: Addresses that may be approved.
        asked: What was asked for, in order.
        approved: What was signed, in order, with the nonces.
    """

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.approved: list[tuple[str, int]] = []

    def ensure_approvable(self, key: Key, version: KeyVersion, decoded: Decoded) -> None:
        self.asked.append((decoded.grants, key.id))
        if decoded.grants not in self.known:
            raise FieldInvalid.at("agent_address", "Must be the address of a key of this daemon.")

    def granted(self, key: Key, version: KeyVersion, decoded: Decoded) -> None:
        self.approved.append((decoded.grants, decoded.nonce))
