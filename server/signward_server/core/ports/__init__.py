"""The boundaries: what the flows need from the other parts, and nothing about how.

Each port says what failure looks like. ``wiring`` decides who stands behind it.
"""

from signward_server.core.ports.audit import Audit, AuditEntry, AuditReceipt
from signward_server.core.ports.calls import Call, Clock
from signward_server.core.ports.chain import Chain
from signward_server.core.ports.control import Caps, Limits, Policy, Reservation
from signward_server.core.ports.custody import (
    CreatedVersion,
    Custody,
    MaterialReader,
    RowAuthenticator,
    Verifier,
)
from signward_server.core.ports.store import Catalogue, Claim, RequestLedger, RequestScope

__all__ = [
    "Audit",
    "AuditEntry",
    "AuditReceipt",
    "Call",
    "Caps",
    "Catalogue",
    "Chain",
    "Claim",
    "Clock",
    "CreatedVersion",
    "Custody",
    "Limits",
    "MaterialReader",
    "Policy",
    "RequestLedger",
    "RequestScope",
    "Reservation",
    "RowAuthenticator",
    "Verifier",
]
