"""Puts the use cases together."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta

from signward_server.chains import all_chains
from signward_server.config import Settings
from signward_server.core.actions import ActionGroup
from signward_server.core.keys import CustodyKind
from signward_server.core.payloads import Payload
from signward_server.core.ports import Chain, Clock, Custody, Verifier, WrappingKeys
from signward_server.flows.api_key_changes import ApiKeyChanges
from signward_server.flows.approving import Approving
from signward_server.flows.audit_proving import AuditProving
from signward_server.flows.audit_reading import AuditReading
from signward_server.flows.freezing import Freezing
from signward_server.flows.key_creation import KeyCreation
from signward_server.flows.key_import import KeyImport
from signward_server.flows.new_versions import NewVersions
from signward_server.flows.reloading import Reloading
from signward_server.flows.signing import Signing, SigningPorts
from signward_server.flows.verifying import Verifying
from signward_server.rpc.account_service import AgentFlows
from signward_server.rpc.serving import Flows
from signward_server.wiring.key_use_cases import changes, import_parameters, making, versions
from signward_server.wiring.supplies import Guards, Stores

__all__ = ["build_flows"]


def build_flows(
    settings: Settings,
    stores: Stores,
    custody: Custody,
    wrapping: WrappingKeys,
    verifier: Verifier,
    guards: Guards,
    clock: Clock,
) -> Flows:
    """Return every use case with the ports that it needs."""
    chains = _chains(settings, guards)
    custodies = {custody.kind: custody}
    catalogue, policy, audit = stores.catalogue, guards.policy, guards.audit
    purposes = frozenset().union(*(chain.purposes for chain in chains.values()))
    ttl = settings.custody.envelope.max_unlock_ttl
    keys = making(stores, custodies, purposes, guards, clock, ttl)
    signing = _signing(stores, chains, custodies, guards, clock)
    new_versions = NewVersions(
        catalogue=catalogue, custodies=custodies, clock=clock, onward=stores.onward
    )
    return Flows(
        creation=KeyCreation(making=keys, audit=audit),
        imports=KeyImport(making=keys, imports=stores.imports, audit=audit),
        import_parameters=import_parameters(stores, wrapping, custodies, purposes, guards),
        changes=changes(stores, custodies, guards, ttl),
        versions=versions(stores, custodies, guards, new_versions),
        signing=signing,
        verifying=Verifying(catalogue=catalogue, chains=chains, policy=policy, verifier=verifier),
        api_keys=_api_keys(stores, guards, clock),
        freezing=Freezing(catalogue=catalogue, custodies=custodies, policy=policy, audit=audit),
        approving=Approving(approvals=stores.approvals, policy=policy, audit=audit),
        reloading=Reloading(reloads=guards.reloads, policy=policy, audit=audit),
        agents=_agents(stores, custodies, guards, signing, new_versions),
        audit_reading=AuditReading(logs=guards.logs, policy=policy, audit=audit, clock=clock),
        audit_proving=AuditProving(logs=guards.logs, policy=policy),
    )


def _chains(settings: Settings, guards: Guards) -> Mapping[type[Payload], Chain]:
    return all_chains(
        order_window_ms=settings.order.timestamp_window // timedelta(milliseconds=1),
        references=guards.references,
    )


def _signing(
    stores: Stores,
    chains: Mapping[type[Payload], Chain],
    custodies: Mapping[CustodyKind, Custody],
    guards: Guards,
    clock: Clock,
) -> Signing:
    kinds = [kind for chain in chains.values() for kind in chain.actions]
    return Signing(
        SigningPorts(
            catalogue=stores.catalogue,
            chains=chains,
            custodies=custodies,
            policy=guards.policy,
            caps=stores.caps,
            limits=guards.limits,
            audit=guards.audit,
            requests=stores.requests,
            nonces=stores.nonces,
            approvals=stores.approvals,
            agents=stores.agents.agents,
            lease=stores.lease,
            clock=clock,
            onward=stores.onward,
            cancelling=frozenset(kind.name for kind in kinds if ActionGroup.CANCEL in kind.groups),
            restricted=frozenset(kind.name for kind in kinds if kind.restricted),
        )
    )


def _api_keys(stores: Stores, guards: Guards, clock: Clock) -> ApiKeyChanges:
    return ApiKeyChanges(
        api_keys=stores.api_keys,
        digest=stores.secret_digest,
        policy=guards.policy,
        audit=guards.audit,
        clock=clock,
        random=secrets.token_bytes,
    )


def _agents(
    stores: Stores,
    custodies: Mapping[CustodyKind, Custody],
    guards: Guards,
    signing: Signing,
    new_versions: NewVersions,
) -> AgentFlows:
    return stores.agents.flows(
        signing=signing,
        custodies=custodies,
        policy=guards.policy,
        audit=guards.audit,
        new_versions=new_versions,
    )
