"""Spans: what is told of each call to those who trace it."""

from __future__ import annotations

from typing import Protocol

from signward_server.core.ports.audit import AuditEntry, AuditReceipt
from signward_server.core.value import value

__all__ = ["Span", "Spans", "Trace"]


@value
class Trace:
    """Where a call or item stands in a trace (W3C Trace Context).

    Attributes:
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits of the own span; empty if it is not sampled.
        parent_id: 16 hexadecimal digits of the span above it; empty if there is none.
    """

    trace_id: str
    span_id: str
    parent_id: str


@value
class Span:
    """A call or an item that has ended.

    Attributes:
        trace: Where it stands.
        method: Full name of the RPC, ``/signward.v1.SignService/Sign``.
        is_item: Whether it is an item of a stream or batch and not a call.
        duration: Seconds; it has ended just now.
        status: Name of the gRPC status, ``OK``.
        reason: Of the error, empty if there is none.
        peer: IP address, empty over a Unix socket.
        identity: The caller, typed; empty if it is not known.
        entry: What was recorded last of it, if anything was.
        receipt: Where.
    """

    trace: Trace
    method: str
    is_item: bool
    duration: float
    status: str
    reason: str
    peer: str
    identity: str
    entry: AuditEntry | None
    receipt: AuditReceipt | None


class Spans(Protocol):
    """Takes spans; quick, blocks on nothing and fails never."""

    def start(self, traceparent: str) -> Trace:
        """Return where a call stands, and decide whether it is sampled.

        Args:
            traceparent: The caller's, well-formed; empty for none.
        """
        ...

    def child(self, trace: Trace, traceparent: str = "") -> Trace:
        """Return where an item of a call stands; it is sampled if its call is.

        Args:
            trace: Of its call.
            traceparent: Of the item, well-formed; empty to be a child of its call.
        """
        ...

    def finish(self, span: Span) -> None:
        """Take a span that is sampled. Keeps neither it nor its entry after returning."""
        ...
