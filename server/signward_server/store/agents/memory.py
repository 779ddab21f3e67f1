"""What is known of agents, in memory, by all that they are looked for by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from signward_server.core.agents import Agent
from signward_server.store.agents.rows import AgentRow, agent_from

__all__ = ["AgentMemory"]


class AgentMemory:
    """Agents by address, version and name. Readers take no lock; one writer at a time.

    Args:
        stored: Rows that carry the right MAC.
    """

    def __init__(self, stored: Iterable[AgentRow] = ()) -> None:
        self._agents: dict[str, Agent] = {}
        self._requested: set[str] = set()
        self._versions: dict[tuple[str, int], str] = {}
        self._names: dict[tuple[str, str, str], str] = {}
        self._masters: dict[str, tuple[str, ...]] = {}
        for row in stored:
            self.publish(row)

    def get(self, address: str) -> Agent | None:
        """Return an agent, ``None`` if there is none."""
        return self._agents.get(address)

    def is_requested(self, address: str) -> bool:
        """Return whether a request has approved it that is remembered."""
        return address in self._requested

    def of_version(self, key_id: str, version: int) -> Agent | None:
        """Return the agent that a version of a key is, ``None`` if it is none."""
        address = self._versions.get((key_id, version))
        return None if address is None else self._agents.get(address)

    def of_name(self, account: str, network: str, name: str) -> Agent | None:
        """Return the agent that was approved last under a name, ``None`` if there is none."""
        address = self._names.get((account, network, name))
        return None if address is None else self._agents.get(address)

    def page(self, key: str, before: str, limit: int) -> Sequence[Agent]:
        """Return agents of a master key, newest approval first, after one of them."""
        found = [self._agents[address] for address in self._masters.get(key, ())]
        found.sort(key=_age, reverse=True)
        first = self._agents.get(before)
        if first is not None:
            found = [agent for agent in found if _age(agent) < _age(first)]
        return found[: max(limit, 0)]

    def publish(self, row: AgentRow) -> None:
        """Show readers a new agent, or a new snapshot of one."""
        agent = agent_from(row)
        address = agent.address
        self._agents[address] = agent
        if row.scope is not None:
            self._requested.add(address)
        self._versions[agent.agent_key, agent.agent_version] = address
        masters = self._masters.get(agent.key, ())
        if address not in masters:
            self._masters[agent.key] = (*masters, address)
        name = (agent.account, agent.network, agent.name)
        last = self.of_name(*name)
        if last is None or last.nonce <= agent.nonce:
            self._names[name] = address


def _age(agent: Agent) -> tuple[object, ...]:
    return agent.approve_time, agent.nonce, agent.address
