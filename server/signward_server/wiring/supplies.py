"""What use cases are made of."""

from __future__ import annotations

from dataclasses import dataclass

from signward_server.core.ports import (
    ApiKeys,
    Approvals,
    Audit,
    AuditLogs,
    Caps,
    Catalogue,
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
)
from signward_server.wiring.agents import AgentParts

__all__ = ["Guards", "Stores"]


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
