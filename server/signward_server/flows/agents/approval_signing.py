"""Signing the approval of an agent by the master's key, and remembering it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from signward_server.core.agents import Agent
from signward_server.core.errors import (
    EnvelopeCorrupt,
    FieldInvalid,
    KeyNotFound,
    KeyVersionNotFound,
    PayloadUnsupported,
    RequestIdReused,
)
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.payloads import HyperliquidPayload, HyperliquidSignature
from signward_server.core.ports import AgentRegister, Call, Catalogue, RequestScope, Time
from signward_server.core.signing import SignRequest
from signward_server.flows.agents.addresses import Addresses
from signward_server.flows.agents.names import name_until
from signward_server.flows.signing import Signing

__all__ = ["ApprovalSigning", "Approved", "Asked"]

_LONGEST = timedelta(days=180)
"""The longest that the exchange lets an approval run."""


@dataclass(frozen=True, slots=True)
class Approved:
    """An agent, and its signed approval.

    Attributes:
        agent: As it is now.
        signature: What is to be posted.
    """

    agent: Agent
    signature: HyperliquidSignature


@dataclass(frozen=True, slots=True)
class Asked:
    """Which request asks for an approval.

    Attributes:
        scope: What its request_id is unique in.
        content: SHA-256 of what it asks for.
    """

    scope: RequestScope
    content: bytes


class ApprovalSigning:
    """Signs approvals the way everything is signed: judged, counted and recorded (S14).

    Args:
        signing: Signs.
        catalogue: All keys.
        register: Every agent.
        addresses: Those of keys.
        onward: The time by which agents end.
    """

    def __init__(
        self,
        *,
        signing: Signing,
        catalogue: Catalogue,
        register: AgentRegister,
        addresses: Addresses,
        onward: Time,
    ) -> None:
        self._signing = signing
        self._catalogue = catalogue
        self._register = register
        self._addresses = addresses
        self._onward = onward

    def check_end(self, name: str, end: datetime | None) -> None:
        """Return if the exchange can end an agent of this name then.

        Raises:
            FieldInvalid: It has no name, or the time is over or too far away.
        """
        if end is None:
            return
        if not name:
            raise FieldInvalid.at("expire_time", "Needs a name: the exchange reads it there.")
        if not timedelta(0) < end - self._onward.now() <= _LONGEST:
            raise FieldInvalid.at("expire_time", "Must be later than now, by 180 days at most.")

    def earlier(self, call: Call, asked: Asked) -> Approved | None:
        """Return what this request got before, signed again to the same bytes; ``None`` if new.

        It is judged again like a new one, and no nonce is taken for it (S33).

        Raises:
            RequestIdReused: It asked for something else.
            SignwardError: See ``Signing.sign``; an agent that is over is not approved again.
        """
        agent = self._register.approved_by(asked.scope, asked.content)
        return None if agent is None else self._again(call, agent, asked)

    def approve(
        self,
        call: Call,
        key: Key,
        agent: tuple[Key, KeyVersion],
        name: str,
        end: datetime | None,
        asked: Asked,
    ) -> Approved:
        """Sign an approval, and remember it with its request before anybody has it.

        Args:
            call: Who asks.
            key: The master's key.
            agent: The agent's key, and its version.
            name: Its name, empty for none.
            end: When the exchange shall end it.
            asked: The request.

        Raises:
            SignwardError: See ``Signing.sign``.
            EtagMismatch: Another request has approved it at this very moment.
            StoreUnavailable: It is not remembered, so that nobody gets it.
        """
        master = key.version(0)
        if master is None:
            raise KeyVersionNotFound
        address = self._addresses.of(*agent)
        request = _request(key.id, master.version, address, name_until(name, end), asked)
        signature = self._signed(call, request)
        approved = self._register.get(address)
        if approved is None:
            raise EnvelopeCorrupt  # signing has put it there
        try:
            stored = self._register.put(approved, asked.scope, asked.content)
        except RequestIdReused:
            again = self.earlier(call, asked)  # the same request came twice at once
            if again is None:
                raise
            return again
        return Approved(stored, signature)

    def _again(self, call: Call, agent: Agent, asked: Asked) -> Approved:
        number = self._master_version(agent)
        name = name_until(agent.name, agent.expire_time)
        request = _request(agent.key, number, agent.address, name, asked, agent.nonce)
        return Approved(self._register.get(agent.address) or agent, self._signed(call, request))

    def _master_version(self, agent: Agent) -> int:
        """Return the version that has signed the approval."""
        key = self._catalogue.get(agent.key)
        if key is None:
            raise KeyNotFound
        for version in key.versions:
            if self._addresses.of(key, version) == agent.account:
                return version.version
        raise KeyVersionNotFound

    def _signed(self, call: Call, request: SignRequest) -> HyperliquidSignature:
        result = self._signing.sign(call, request).result
        if not isinstance(result, HyperliquidSignature):
            raise PayloadUnsupported
        return result


def _request(
    key_id: str, number: int, address: str, name: str, asked: Asked, nonce: int = 0
) -> SignRequest:
    payload = HyperliquidPayload(
        kind="approve_agent", action={"agent_address": address, "agent_name": name}
    )
    return SignRequest(
        key_id, number, b"", asked.scope.request_id, payload, nonce=nonce, is_granted=True
    )
