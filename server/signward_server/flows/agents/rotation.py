"""Giving an agent a new key pair, and approving that under the agent's name."""

from __future__ import annotations

from signward_server.core.agents import Agent
from signward_server.core.errors import AgentNotFound, EtagMismatch, KeyVersionNotFound
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports import AgentRegister, Audit, Call, Catalogue, Policy, RequestScope
from signward_server.flows.access import visible_key
from signward_server.flows.agents.approval_signing import ApprovalSigning, Approved, Asked
from signward_server.flows.agents.requests import RotateAgent
from signward_server.flows.new_versions import NewVersions
from signward_server.flows.recording import Recorded

__all__ = ["ROTATE_AGENT", "AgentRotation"]

ROTATE_AGENT = "RotateAgent"


class AgentRotation:
    """Rotates agents: the new version is pending until ``ActivateKeyVersion``.

    Args:
        catalogue: Where keys are kept.
        policy: Who may rotate which agent.
        audit: Where each attempt is recorded, beside the signature itself.
        register: Every agent.
        new_versions: Makes new versions.
        approving: Signs approvals.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        policy: Policy,
        audit: Audit,
        register: AgentRegister,
        new_versions: NewVersions,
        approving: ApprovalSigning,
    ) -> None:
        self._catalogue = catalogue
        self._policy = policy
        self._audit = audit
        self._register = register
        self._new_versions = new_versions
        self._approving = approving

    def rotate(self, call: Call, request: RotateAgent) -> Approved:
        """Make a new version of an agent's key and its approval, or return the earlier one.

        After a crash in between, the same request goes on with the version that it has made.

        Raises:
            KeyNotFound, EnvelopeCorrupt: See ``visible_key``; for either key.
            PolicyDenied, PolicyError: The caller may not rotate the agent, or not sign with the
                master's key; then the new version stays without approval.
            AgentNotFound: The agent's key is none of this master's.
            FieldInvalid: Names what cannot be.
            RequestIdReused: The request_id was used for other content.
            EtagMismatch: The agent's key changes at this very moment.
            SignwardError: See ``Signing.sign`` and ``NewVersions.add``.
        """
        with Recorded(self._audit, call, ROTATE_AGENT, request.agent_key) as record:
            key = visible_key(self._catalogue, self._policy, call, request.key_id)
            agent_key = visible_key(self._catalogue, self._policy, call, request.agent_key)
            self._policy.authorize(call, ROTATE_AGENT, agent_key)
            approved = self._rotate(call, request, key, agent_key, record)
            record.version = approved.agent.agent_version
            record.note = f"agent {approved.agent.address} of {approved.agent.account}"
            return approved

    def _rotate(
        self, call: Call, request: RotateAgent, key: Key, agent_key: Key, record: Recorded
    ) -> Approved:
        scope = RequestScope(str(call.identity), call.method, key.id, request.request_id)
        asked = Asked(scope, request.content())
        earlier = self._approving.earlier(call, asked)
        if earlier is not None:
            return earlier
        before = self._newest(key, agent_key)
        self._approving.check_end(before.name, request.expire_time)
        agent = self._fresh(call, request, agent_key)
        record.version = agent[1].version  # it is there, whatever comes of its approval
        return self._approving.approve(call, key, agent, before.name, request.expire_time, asked)

    def _newest(self, key: Key, agent_key: Key) -> Agent:
        """Return the newest agent that the agent's key has been."""
        found = (self._register.of_version(agent_key.id, v.version) for v in agent_key.versions)
        newest = next((agent for agent in found if agent is not None), None)
        if newest is None or newest.key != key.id:
            raise AgentNotFound
        return newest

    def _fresh(self, call: Call, request: RotateAgent, agent_key: Key) -> tuple[Key, KeyVersion]:
        """Make a version, or return the one that this request has made before."""
        scope = RequestScope(str(call.identity), call.method, agent_key.id, request.request_id)
        made = self._made(scope, request)
        if made is not None:
            return made
        call.ensure_live()
        try:
            stored = self._new_versions.add(
                agent_key, agent_key.grace_period, scope, request.content()
            )
        except EtagMismatch:
            made = self._made(scope, request)
            if made is None:
                raise
            return made  # the same request came twice at once
        return stored, stored.versions[0]

    def _made(self, scope: RequestScope, request: RotateAgent) -> tuple[Key, KeyVersion] | None:
        changed = self._catalogue.changed_by(scope, request.content())
        if changed is None:
            return None
        version = changed.key.version(changed.version)
        if version is None:
            raise KeyVersionNotFound
        return changed.key, version
