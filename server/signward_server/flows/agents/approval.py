"""Approving an agent: a version of another key, for the account of a master key."""

from __future__ import annotations

from signward_server.core.errors import (
    FieldInvalid,
    KeyPurposeMismatch,
    KeyVersionNotFound,
    NetworkMismatch,
)
from signward_server.core.keys import Key, KeyVersion, Purpose, VersionState
from signward_server.core.ports import AgentRegister, Audit, Call, Catalogue, Policy, RequestScope
from signward_server.flows.access import APPROVE_AGENT, visible_key
from signward_server.flows.agents.addresses import Addresses
from signward_server.flows.agents.approvable import KeyedAgents
from signward_server.flows.agents.approval_signing import ApprovalSigning, Approved, Asked
from signward_server.flows.agents.requests import ApproveAgent
from signward_server.flows.recording import Recorded

__all__ = ["AgentApproval"]


class AgentApproval:
    """Approves agents.

    Args:
        catalogue: Where keys are kept.
        policy: Who may approve which key as an agent.
        audit: Where each attempt is recorded, beside the signature itself.
        register: Every agent.
        agents: Who may be approved.
        addresses: Those of keys.
        approving: Signs approvals.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        policy: Policy,
        audit: Audit,
        register: AgentRegister,
        agents: KeyedAgents,
        addresses: Addresses,
        approving: ApprovalSigning,
    ) -> None:
        self._catalogue = catalogue
        self._policy = policy
        self._audit = audit
        self._register = register
        self._agents = agents
        self._addresses = addresses
        self._approving = approving

    def approve(self, call: Call, request: ApproveAgent) -> Approved:
        """Approve an agent, or return the approval that the same request got before.

        Raises:
            KeyNotFound, EnvelopeCorrupt: See ``visible_key``; for either key.
            PolicyDenied, PolicyError: The caller may not approve the agent, or not sign with
                the master's key.
            KeyPurposeMismatch, NetworkMismatch: The keys do not go together.
            FieldInvalid: Names what cannot be approved.
            KeyVersionNotFound: There is no such version of the agent's key.
            RequestIdReused: The request_id was used for other content.
            EtagMismatch: Another request has approved it at this very moment.
            SignwardError: See ``Signing.sign``.
        """
        with Recorded(self._audit, call, APPROVE_AGENT, request.agent_key) as record:
            key = visible_key(self._catalogue, self._policy, call, request.key_id)
            agent_key = visible_key(self._catalogue, self._policy, call, request.agent_key)
            self._policy.authorize(call, APPROVE_AGENT, agent_key)
            approved = self._approve(call, request, key, agent_key)
            record.version, record.note = approved.agent.agent_version, _note(approved)
            return approved

    def _approve(self, call: Call, request: ApproveAgent, key: Key, agent_key: Key) -> Approved:
        scope = RequestScope(str(call.identity), call.method, key.id, request.request_id)
        asked = Asked(scope, request.content())
        earlier = self._approving.earlier(call, asked)
        if earlier is not None:
            return earlier
        _check_keys(request, key, agent_key)
        self._approving.check_end(request.name, request.expire_time)
        version = _chosen(agent_key, request.agent_version)
        self._check(key, agent_key, version)
        agent = agent_key, version
        return self._approving.approve(call, key, agent, request.name, request.expire_time, asked)

    def _check(self, key: Key, agent_key: Key, version: KeyVersion) -> None:
        master = key.version(0)
        if master is None:
            raise KeyVersionNotFound
        address = self._addresses.of(agent_key, version)
        problem = self._agents.problem(key, self._addresses.of(key, master), address)
        if not problem and self._register.is_requested(address):
            problem = "Is approved already, by another request; rotate the agent instead."
        if problem:
            raise FieldInvalid.at("agent_version", problem)


def _check_keys(request: ApproveAgent, key: Key, agent_key: Key) -> None:
    if key.id == agent_key.id:
        raise FieldInvalid.at("agent_key", "Must be another key than the master's.")
    if {key.purpose, agent_key.purpose} != {Purpose.HYPERLIQUID}:
        raise KeyPurposeMismatch
    if {key.network, agent_key.network} != {request.network}:
        raise NetworkMismatch


def _chosen(key: Key, number: int) -> KeyVersion:
    """Return a version; the newest one that is primary or pending for 0."""
    if number:
        version = key.version(number)
    else:
        fit = (VersionState.PRIMARY, VersionState.PENDING)
        version = next((each for each in key.versions if each.state in fit), None)
        if version is None:
            text = "None of the agent's key is primary or pending; rotate the agent instead."
            raise FieldInvalid.at("agent_version", text)
    if version is None:
        raise KeyVersionNotFound
    return version


def _note(approved: Approved) -> str:
    agent = approved.agent
    return f"agent {agent.address} of {agent.account}"
