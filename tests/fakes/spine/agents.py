"""Agents that may be approved."""

from __future__ import annotations

from collections.abc import Callable

from signward_server.core.errors import FieldInvalid, SignwardError
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.signing import Decoded

from tests.fakes.catalogue_keys import catalogue_key

__all__ = ["FakeAgents"]


class FakeAgents:
    """Implements ``core.ports.Agents``.

    Attributes:
        known: Addresses that may be approved.
        asked: Address, key and version that were asked for, in order.
        given: The same of those that got rights, with the nonce.
        failure: What ``granted`` raises.
    """

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.asked: list[tuple[str, str, int]] = []
        self.given: list[tuple[str, str, int, int]] = []
        self.failure: SignwardError | None = None

    def key_of(self, decoded: Decoded, is_visible: Callable[[Key], bool]) -> Key:
        key = catalogue_key("agent")
        if not is_visible(key):
            raise FieldInvalid.at("agent_address", "Must be the address of a key of this daemon.")
        return key

    def ensure_approvable(self, key: Key, version: KeyVersion, decoded: Decoded) -> None:
        self.asked.append((decoded.grants, key.id, version.version))
        if decoded.grants not in self.known:
            raise FieldInvalid.at("agent_address", "Must be the address of a key of this daemon.")

    def granted(self, key: Key, version: KeyVersion, decoded: Decoded) -> None:
        if self.failure is not None:
            raise self.failure
        self.given.append((decoded.grants, key.id, version.version, decoded.nonce))
