"""Spans where nobody takes them."""

from __future__ import annotations

from signward_server.core.ports import Span, Trace

__all__ = ["Untraced"]


class Untraced:
    """Implements ``ports.Spans`` and samples nothing; a caller's trace id is still passed on."""

    def start(self, traceparent: str) -> Trace:
        """Return the caller's trace, unsampled."""
        return Trace(traceparent[3:35], "", "")

    def child(self, trace: Trace, traceparent: str = "") -> Trace:
        """Return the item's trace, or that of its call."""
        return Trace(traceparent[3:35] or trace.trace_id, "", "")

    def finish(self, span: Span) -> None:
        """Return: nothing is sampled."""
