"""Spans that are remembered."""

from __future__ import annotations

import dataclasses

from signward_server.core.ports import Span, Trace

__all__ = ["FakeSpans"]


class FakeSpans:
    """Implements ``core.ports.Spans``; samples everything, with numbers for ids.

    Entries are kept without their calls, which would keep an HTTP/2 stream open.
    """

    def __init__(self) -> None:
        self.finished: list[Span] = []
        self.sampled = True
        self._last = 0

    def start(self, traceparent: str) -> Trace:
        return Trace(traceparent[3:35] or f"{self._next():032x}", self._own(), traceparent[36:52])

    def child(self, trace: Trace, traceparent: str = "") -> Trace:
        if traceparent:
            return Trace(traceparent[3:35], self._own(), traceparent[36:52])
        return Trace(trace.trace_id, self._own(), trace.span_id)

    def finish(self, span: Span) -> None:
        entry = span.entry and dataclasses.replace(span.entry, call=None)
        self.finished.append(dataclasses.replace(span, entry=entry))

    def _own(self) -> str:
        return f"{self._next():016x}" if self.sampled else ""

    def _next(self) -> int:
        self._last += 1
        return self._last
