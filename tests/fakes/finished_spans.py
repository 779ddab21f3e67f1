"""Spans as they wait to be exported."""

from __future__ import annotations

from typing import Any

from signward_server.core.audit_events import AuditEvent, Decision
from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports import AuditEntry, AuditReceipt, Span, Trace
from signward_server.telemetry.tracing import FinishedSpan, Tracing

from tests.fakes.spine.call import FakeCall

__all__ = ["NOW", "SIGN", "TRACE", "entry", "finished", "span"]

NOW = 1_700_000_000_000_000_000
SIGN = "/signward.v1.SignService/Sign"
TRACE = Trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7")


def entry(**changes: Any) -> AuditEntry:
    """Return what is recorded of an order that was signed."""
    given: dict[str, Any] = {
        "event": AuditEvent.SIGNATURE,
        "call": FakeCall(),
        "action": "SignOrder",
        "key": "desk-1",
        "version": 2,
        "outcome": "OK",
        "decision": Decision.ALLOW,
        "purpose": Purpose.ORDER,
        "custody": CustodyKind.ENVELOPE,
    }
    return AuditEntry(**given | changes)


def span(**changes: Any) -> Span:
    """Return the span of an order that was signed."""
    given: dict[str, Any] = {
        "trace": TRACE,
        "method": SIGN,
        "is_item": False,
        "duration": 0.00025,
        "status": "OK",
        "reason": "",
        "peer": "192.0.2.1",
        "identity": "cn:bot",
        "entry": entry(),
        "receipt": AuditReceipt("signward/0011", 7),
    }
    return Span(**given | changes)


def finished(**changes: Any) -> FinishedSpan:
    """Return the same as it waits."""
    tracing = Tracing(1.0, lambda: NOW)
    tracing.finish(span(**changes))
    (found,) = tracing.take(1)
    return found
