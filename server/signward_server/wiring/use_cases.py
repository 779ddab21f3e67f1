"""Puts the use cases together."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from signward_server.chains import all_chains
from signward_server.config import Settings
from signward_server.core.actions import ActionGroup
from signward_server.core.keys import CustodyKind
from signward_server.core.ports import (
    ApiKeys,
    Approvals,
    Audit,
    AuditLogs,
    Caps,
    Catalogue,
    Clock,
    Custody,
    Imports,
    Lease,
    Limits,
    Nonces,
    Policy,
    References,
    Reloads,
    RequestLedger,
    SecretDigest,
    Time,
    Verifier,
    WrappingKeys,
)
from signward_server.flows.api_key_changes import ApiKeyChanges
from signward_server.flows.approving import Approving
from signward_server.flows.audit_proving import AuditProving
from signward_server.flows.audit_reading import AuditReading
from signward_server.flows.freezing import Freezing
from signward_server.flows.import_parameters import ImportParameters
from signward_server.flows.key_changes import KeyChanges
from signward_server.flows.key_checking import KeyChecking
from signward_server.flows.key_creation import KeyCreation
from signward_server.flows.key_import import KeyImport
from signward_server.flows.key_making import KeyMaking
from signward_server.flows.key_reading import KeyReading
from signward_server.flows.key_rotation import KeyRotation
from signward_server.flows.key_versions import KeyVersions
from signward_server.flows.new_versions import NewVersions
from signward_server.flows.reloading import Reloading
from signward_server.flows.signing import Signing, SigningPorts
from signward_server.flows.verifying import Verifying
from signward_server.rpc.key_versions import VersionFlows
from signward_server.rpc.serving import Flows
from signward_server.wiring.agents import AgentParts

__all__ = ["Guards", "Stores", "build_flows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What stands before every call, and after it."""

    policy: Policy
    limits: Limits
    audit: Audit
    logs: AuditLogs
    reloads: Reloads
    references: References


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What outlives the process, opened."""

    catalogue: Catalogue
    requests: RequestLedger
    nonces: Nonces
    approvals: Approvals
    api_keys: ApiKeys
    agents: AgentParts
    imports: Imports
    caps: Caps
    secret_digest: SecretDigest
    lease: Lease
    onward: Time


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
    catalogue = stores.catalogue
    chains = all_chains(
        order_window_ms=settings.order.timestamp_window // timedelta(milliseconds=1),
        references=guards.references,
    )
    kinds = [kind for chain in chains.values() for kind in chain.actions]
    custodies = {custody.kind: custody}
    max_unlock_ttl = settings.custody.envelope.max_unlock_ttl
    policy, limits, audit = guards.policy, guards.limits, guards.audit
    purposes = frozenset().union(*(chain.purposes for chain in chains.values()))
    making = KeyMaking(
        catalogue=catalogue,
        custodies=custodies,
        purposes=purposes,
        policy=policy,
        clock=clock,
        max_unlock_ttl=max_unlock_ttl,
    )
    signing = Signing(
        SigningPorts(
            catalogue=catalogue,
            chains=chains,
            custodies=custodies,
            policy=policy,
            caps=stores.caps,
            limits=limits,
            audit=audit,
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
    new_versions = NewVersions(
        catalogue=catalogue, custodies=custodies, clock=clock, onward=stores.onward
    )
    return Flows(
        creation=KeyCreation(making=making, audit=audit),
        imports=KeyImport(making=making, imports=stores.imports, audit=audit),
        import_parameters=ImportParameters(
            imports=stores.imports,
            wrapping=wrapping,
            custodies=custodies,
            purposes=purposes,
            policy=policy,
            audit=audit,
            onward=stores.onward,
            random=secrets.token_bytes,
        ),
        changes=KeyChanges(
            catalogue=catalogue,
            custodies=custodies,
            policy=policy,
            audit=audit,
            onward=stores.onward,
            max_unlock_ttl=max_unlock_ttl,
        ),
        versions=_versions(stores, custodies, guards, new_versions),
        signing=signing,
        verifying=Verifying(catalogue=catalogue, chains=chains, policy=policy, verifier=verifier),
        api_keys=ApiKeyChanges(
            api_keys=stores.api_keys,
            digest=stores.secret_digest,
            policy=policy,
            audit=audit,
            clock=clock,
            random=secrets.token_bytes,
        ),
        freezing=Freezing(catalogue=catalogue, custodies=custodies, policy=policy, audit=audit),
        approving=Approving(approvals=stores.approvals, policy=policy, audit=audit),
        reloading=Reloading(reloads=guards.reloads, policy=policy, audit=audit),
        agents=stores.agents.flows(
            signing=signing,
            custodies=custodies,
            policy=policy,
            audit=audit,
            new_versions=new_versions,
        ),
        audit_reading=AuditReading(logs=guards.logs, policy=policy, audit=audit, clock=clock),
        audit_proving=AuditProving(logs=guards.logs, policy=policy),
    )


def _versions(
    stores: Stores,
    custodies: Mapping[CustodyKind, Custody],
    guards: Guards,
    new_versions: NewVersions,
) -> VersionFlows:
    catalogue, onward = stores.catalogue, stores.onward
    policy, audit = guards.policy, guards.audit
    return VersionFlows(
        rotation=KeyRotation(
            catalogue=catalogue,
            custodies=custodies,
            policy=policy,
            audit=audit,
            new_versions=new_versions,
            onward=onward,
        ),
        versions=KeyVersions(
            catalogue=catalogue, custodies=custodies, policy=policy, audit=audit, onward=onward
        ),
        checking=KeyChecking(
            catalogue=catalogue, custodies=custodies, policy=policy, onward=onward
        ),
        reading=KeyReading(catalogue=catalogue, policy=policy, onward=onward),
    )
