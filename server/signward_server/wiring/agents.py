"""Puts together what knows of agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from signward_server.chains.hyperliquid import address_of
from signward_server.core.keys import CustodyKind
from signward_server.core.ports import (
    AgentRegister,
    Audit,
    Catalogue,
    Clock,
    Custody,
    Policy,
    Time,
)
from signward_server.flows.agents.accounts import Accounts
from signward_server.flows.agents.addresses import Addresses
from signward_server.flows.agents.approvable import KeyedAgents
from signward_server.flows.agents.approval import AgentApproval
from signward_server.flows.agents.approval_signing import ApprovalSigning
from signward_server.flows.agents.ending import AgentEnding
from signward_server.flows.agents.listing import AgentListing
from signward_server.flows.agents.rotation import AgentRotation
from signward_server.flows.new_versions import NewVersions
from signward_server.flows.signing import Signing
from signward_server.rpc.account_service import AgentFlows

__all__ = ["AgentParts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentParts:
    """What knows of agents, shared by the signing path and their own use cases.

    Attributes:
        catalogue: All keys.
        register: Every agent.
        addresses: Those of keys.
        agents: Who may be approved.
        accounts: Which account a version acts for.
        onward: The time by which agents end.
    """

    catalogue: Catalogue
    register: AgentRegister
    addresses: Addresses
    agents: KeyedAgents
    accounts: Accounts
    onward: Time

    @classmethod
    def of(
        cls, catalogue: Catalogue, register: AgentRegister, clock: Clock, onward: Time
    ) -> AgentParts:
        """Return them for a catalogue and its agents."""
        addresses = Addresses(catalogue, address_of)
        return cls(
            catalogue=catalogue,
            register=register,
            addresses=addresses,
            agents=KeyedAgents(register, addresses, clock, onward),
            accounts=Accounts(register, addresses),
            onward=onward,
        )

    def flows(
        self,
        *,
        signing: Signing,
        custodies: Mapping[CustodyKind, Custody],
        policy: Policy,
        audit: Audit,
        new_versions: NewVersions,
    ) -> AgentFlows:
        """Return the use cases."""
        approving = ApprovalSigning(
            signing=signing,
            catalogue=self.catalogue,
            register=self.register,
            addresses=self.addresses,
            onward=self.onward,
        )
        return AgentFlows(
            approval=AgentApproval(
                catalogue=self.catalogue,
                policy=policy,
                audit=audit,
                register=self.register,
                agents=self.agents,
                addresses=self.addresses,
                approving=approving,
            ),
            rotation=AgentRotation(
                catalogue=self.catalogue,
                policy=policy,
                audit=audit,
                register=self.register,
                new_versions=new_versions,
                approving=approving,
            ),
            listing=AgentListing(catalogue=self.catalogue, policy=policy, register=self.register),
            ending=AgentEnding(
                catalogue=self.catalogue,
                custodies=custodies,
                policy=policy,
                audit=audit,
                register=self.register,
                onward=self.onward,
            ),
        )
