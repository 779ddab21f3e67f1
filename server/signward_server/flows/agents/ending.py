"""Ending agents for good."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from signward_server.core.agents import Agent
from signward_server.core.errors import AgentNotFound, KeyNotFound
from signward_server.core.keys import CustodyKind, Key
from signward_server.core.ports import AgentRegister, Audit, Call, Catalogue, Custody, Policy, Time
from signward_server.core.version_steps import retired
from signward_server.flows.access import visible_key
from signward_server.flows.key_writing import KeyWriting
from signward_server.flows.recording import Recorded

__all__ = ["EXPIRE_AGENT", "AgentEnding"]

EXPIRE_AGENT = "ExpireAgent"


class AgentEnding:
    """Ends agents: their versions retire, and their addresses are never approved again.

    Args:
        catalogue: Where keys are kept.
        custodies: Where private halves are.
        policy: Who may end which agent.
        audit: Where each attempt is recorded.
        register: Every agent.
        onward: The time by which versions end.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        custodies: Mapping[CustodyKind, Custody],
        policy: Policy,
        audit: Audit,
        register: AgentRegister,
        onward: Time,
    ) -> None:
        self._writing = KeyWriting(catalogue=catalogue, custodies=custodies, policy=policy)
        self._catalogue = catalogue
        self._policy = policy
        self._audit = audit
        self._register = register
        self._onward = onward

    def end(self, call: Call, key_id: str, address: str, reason: str) -> Agent:
        """End an agent; one that is ended already stays as it is.

        Every worker refuses to sign with it when this returns (S34), and what is unlocked of
        it is wiped. Should it be interrupted, the version has retired before anything else.

        Args:
            call: Who asks.
            key_id: The master's key.
            address: The agent's address, in lower case.
            reason: Recorded.

        Raises:
            KeyNotFound: There is no such key that the caller may view.
            AgentNotFound: It has no such agent, or none whose key the caller may view.
            PolicyDenied, PolicyError: The caller may not end it.
            EnvelopeCorrupt: What is known of the agent fails its MAC.
            EtagMismatch: Other changes come between too often.
            StoreUnavailable: It may have ended or not; ask again.
        """
        note = f"agent {address}: {reason}" if reason else f"agent {address}"
        with Recorded(self._audit, call, EXPIRE_AGENT, key_id, note) as record:
            key = visible_key(self._catalogue, self._policy, call, key_id)
            agent = self._register.get(address)
            if agent is None or agent.key != key.id:
                raise AgentNotFound
            self._retire(call, agent)
            record.note = f"{note}; retired {agent.agent_key} version {agent.agent_version}"
            if agent.end_time is None:
                agent = dataclasses.replace(agent, end_time=self._onward.now())
            return self._register.put(agent)

    def _retire(self, call: Call, agent: Agent) -> None:
        def allow(key: Key) -> None:
            self._policy.authorize(call, EXPIRE_AGENT, key)

        def change(key: Key) -> Key:
            return retired(key, agent.agent_version, self._onward.now())

        try:
            stored = self._writing.retried(call, agent.agent_key, allow, change)
        except KeyNotFound as exc:
            raise AgentNotFound from exc
        self._writing.forget(stored)
