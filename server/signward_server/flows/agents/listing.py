"""Showing the agents of an account."""

from __future__ import annotations

from dataclasses import dataclass

from signward_server.core.agents import Agent
from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.ports import AgentRegister, Call, Catalogue, Policy
from signward_server.flows.access import may_view, visible_key

__all__ = ["LIST_AGENTS", "AgentListing", "AgentPage"]

LIST_AGENTS = "ListAgents"
_SCAN = 100


@dataclass(frozen=True, slots=True)
class AgentPage:
    """A page of a list.

    Attributes:
        agents: Newest first.
        following: The address after which the next page begins, empty at the end.
    """

    agents: tuple[Agent, ...]
    following: str


class AgentListing:
    """Shows agents whose keys the caller may view.

    Args:
        catalogue: All keys.
        policy: Who may list.
        register: Every agent.
    """

    def __init__(self, *, catalogue: Catalogue, policy: Policy, register: AgentRegister) -> None:
        self._catalogue = catalogue
        self._policy = policy
        self._register = register

    def page(self, call: Call, key_id: str, before: str, size: int) -> AgentPage:
        """Return up to ``size`` agents of a master key.

        Raises:
            KeyNotFound, EnvelopeCorrupt: See ``visible_key``.
            PolicyDenied, PolicyError: The caller may not list them.
        """
        key = visible_key(self._catalogue, self._policy, call, key_id)
        self._policy.authorize(call, LIST_AGENTS, key)
        found: list[Agent] = []
        while len(found) <= size:
            call.ensure_live()
            scanned = self._register.page(key.id, before, _SCAN)
            found.extend(agent for agent in scanned if self._is_visible(call, agent))
            if len(scanned) < _SCAN:
                break
            before = scanned[-1].address
        shown = tuple(found[:size])
        return AgentPage(shown, shown[-1].address if len(found) > size else "")

    def _is_visible(self, call: Call, agent: Agent) -> bool:
        try:
            key = self._catalogue.get(agent.agent_key)
        except EnvelopeCorrupt:
            return False
        return key is not None and may_view(self._policy, call, key)
