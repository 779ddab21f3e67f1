"""The boundaries: what the flows need from the other parts, and nothing about how.

Each port says what failure looks like. ``wiring`` decides who stands behind it.
"""

from signward_server.core.ports.adopted import Adopted
from signward_server.core.ports.agents import AccountOf, AgentRegister, Agents
from signward_server.core.ports.api_keys import ApiKeys, SecretDigest
from signward_server.core.ports.approvals import Approval, Approvals
from signward_server.core.ports.audit import (
    Audit,
    AuditEntry,
    AuditLog,
    AuditLogs,
    AuditReceipt,
)
from signward_server.core.ports.calls import Call, Caller, Clock, Time
from signward_server.core.ports.chain import Chain
from signward_server.core.ports.control import (
    AuthenticationFailures,
    Caps,
    Generation,
    Limits,
    Policy,
    Reservation,
)
from signward_server.core.ports.custody import (
    CreatedVersion,
    Custody,
    MaterialReader,
    RowAuthenticator,
    Verifier,
    WrappingKeys,
)
from signward_server.core.ports.imports import Imports
from signward_server.core.ports.lease import Lease
from signward_server.core.ports.meter import Event, Level, Meter
from signward_server.core.ports.nonces import Nonces
from signward_server.core.ports.references import References
from signward_server.core.ports.reloading import Reloaded, ReloadPart, Reloads
from signward_server.core.ports.schedules import (
    KeyDates,
    Residue,
    Step,
    TimeFloor,
    Timetable,
    Turn,
)
from signward_server.core.ports.store import Catalogue, Changed, Claim, RequestLedger, RequestScope
from signward_server.core.ports.telemetry import Span, Spans, Trace

__all__ = [
    "AccountOf",
    "Adopted",
    "AgentRegister",
    "Agents",
    "ApiKeys",
    "Approval",
    "Approvals",
    "Audit",
    "AuditEntry",
    "AuditLog",
    "AuditLogs",
    "AuditReceipt",
    "AuthenticationFailures",
    "Call",
    "Caller",
    "Caps",
    "Catalogue",
    "Chain",
    "Changed",
    "Claim",
    "Clock",
    "CreatedVersion",
    "Custody",
    "Event",
    "Generation",
    "Imports",
    "KeyDates",
    "Lease",
    "Level",
    "Limits",
    "MaterialReader",
    "Meter",
    "Nonces",
    "Policy",
    "References",
    "ReloadPart",
    "Reloaded",
    "Reloads",
    "RequestLedger",
    "RequestScope",
    "Reservation",
    "Residue",
    "RowAuthenticator",
    "SecretDigest",
    "Span",
    "Spans",
    "Step",
    "Time",
    "TimeFloor",
    "Timetable",
    "Trace",
    "Turn",
    "Verifier",
    "WrappingKeys",
]
