"""Agents in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime

from signward_server.core.agents import Agent
from signward_server.core.errors import EnvelopeCorrupt, EtagMismatch, RequestIdReused
from signward_server.core.ports import RequestScope

__all__ = ["APPROVED", "FakeAgentRegister", "agent"]

APPROVED = datetime(2026, 11, 21, 11, 30, 15, 123456, tzinfo=UTC)


def agent(digit: str = "a", /, **changes: object) -> Agent:
    """Return an agent whose address is a hex digit forty times."""
    made = Agent(
        address=f"0x{digit * 40}",
        key="master",
        account=f"0x{'f' * 40}",
        agent_key=f"agent-{digit}",
        agent_version=1,
        name=f"bot {digit}",
        network="testnet",
        nonce=1_795_260_615_123,
        approve_time=APPROVED,
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


class FakeAgentRegister:
    """Implements ``core.ports.AgentRegister``.

    Attributes:
        damaged: Addresses whose rows fail their MAC.
    """

    def __init__(self) -> None:
        self.damaged: set[str] = set()
        self._agents: dict[str, Agent] = {}
        self._requests: dict[RequestScope, tuple[bytes, str]] = {}

    def get(self, address: str) -> Agent | None:
        if address in self.damaged:
            raise EnvelopeCorrupt
        return self._agents.get(address)

    def of_version(self, key_id: str, version: int) -> Agent | None:
        found = [
            a for a in self._agents.values() if (a.agent_key, a.agent_version) == (key_id, version)
        ]
        return found[0] if found else None

    def of_name(self, account: str, network: str, name: str) -> Agent | None:
        wanted = (account, network, name)
        found = [a for a in self._agents.values() if (a.account, a.network, a.name) == wanted]
        return max(found, key=lambda a: a.nonce, default=None)

    def page(self, key: str, before: str, limit: int) -> Sequence[Agent]:
        found = [a for a in self._agents.values() if a.key == key]
        found.sort(key=lambda a: (a.approve_time, a.nonce, a.address), reverse=True)
        start = [a.address for a in found].index(before) + 1 if before else 0
        return found[start : start + limit]

    def approved_by(self, scope: RequestScope, content: bytes) -> Agent | None:
        if scope not in self._requests:
            return None
        known, address = self._requests[scope]
        if known != content:
            raise RequestIdReused
        return self.get(address)

    def is_requested(self, address: str) -> bool:
        return any(of == address for _, of in self._requests.values())

    def put(self, agent: Agent, scope: RequestScope | None = None, content: bytes = b"") -> Agent:
        known = self.get(agent.address)
        if known is not None and known.account != agent.account:
            raise EtagMismatch
        if known is not None and known.end_time is not None:
            agent = dataclasses.replace(agent, end_time=known.end_time)
        if scope is not None:
            if scope in self._requests and self._requests[scope][1] != agent.address:
                raise RequestIdReused
            if scope not in self._requests and self.is_requested(agent.address):
                raise EtagMismatch
            self._requests.setdefault(scope, (content, agent.address))
        self._agents[agent.address] = agent
        return agent
