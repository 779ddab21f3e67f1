"""What the signing path needs from the other parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from signward_server.core.keys import CustodyKind
from signward_server.core.payloads import Payload
from signward_server.core.ports import (
    Agents,
    Approvals,
    Audit,
    Caps,
    Catalogue,
    Chain,
    Clock,
    Custody,
    Lease,
    Limits,
    Nonces,
    Policy,
    RequestLedger,
    Time,
)

__all__ = ["SigningPorts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPorts:
    """Everything that the signing path needs from the other parts.

    Attributes:
        onward: The time by which versions end.
        cancelling: Actions that a key signs even when all else is frozen.
        restricted: Actions that somebody else may approve (S15).
    """

    catalogue: Catalogue
    chains: Mapping[type[Payload], Chain]
    custodies: Mapping[CustodyKind, Custody]
    policy: Policy
    caps: Caps
    limits: Limits
    audit: Audit
    requests: RequestLedger
    nonces: Nonces
    approvals: Approvals
    agents: Agents
    lease: Lease
    clock: Clock
    onward: Time
    cancelling: frozenset[str] = frozenset()
    restricted: frozenset[str] = frozenset()
