"""Spans of calls and items: which are sampled, and the queue that they leave by.

Everything here runs on the threads that sign: a span costs a microsecond or two, and whoever
takes the spans away cannot make anybody wait.
"""

from __future__ import annotations

import os
import random
import time
from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports import Span, Trace

__all__ = ["FinishedSpan", "Tracing"]

FinishedSpan: TypeAlias = tuple[
    str, str, str, int, float, int, str, bool, str, str, str, str, str, str, int, str, str, str, str
]
"""Trace id, span id, id of the parent, end (ns since the epoch), duration (s), audit sequence
(-1 for none), and then what many spans have in common: method, whether it is an item, status,
reason, peer, identity, action, key, version, purpose, custody, decision, audit log."""

_MOST = 16_384  # spans that wait, a few MiB
_DECIDING = 2**64  # the lower half of a trace id decides whether it is sampled
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16
_SAMPLED = frozenset("13579bdf")  # last digit of the flags: the lowest bit is set
_PURPOSES: Final = {purpose: purpose.name.lower() for purpose in Purpose} | {None: ""}
_CUSTODIES: Final = {custody: custody.name.lower() for custody in CustodyKind} | {None: ""}
_NOTHING: Final = ("", "", 0, "", "", "")


class Tracing:
    """Implements ``ports.Spans``; spans wait in a queue until somebody takes them.

    Args:
        share: Of the traces that begin here, how many are sampled, 0 to 1; by trace id, so that
            all who sample by it agree (OpenTelemetry's ``TraceIdRatioBased``). A caller's own
            trace is sampled if the caller says so (``ParentBased``).
        now: Nanoseconds since the epoch.
        most: Spans that may wait; those that come then are dropped.

    Attributes:
        dropped: How many were.
    """

    def __init__(
        self, share: float, now: Callable[[], int] = time.time_ns, most: int = _MOST
    ) -> None:
        self._below = round(share * _DECIDING)
        self._all = self._below >= _DECIDING
        self._bits = random.Random(os.urandom(32)).getrandbits  # noqa: S311  # no secrets
        self._now = now
        self._most = most
        self._queue: deque[FinishedSpan] = deque()
        self.dropped = 0

    def start(self, traceparent: str) -> Trace:
        """Return where a call stands, and decide whether it is sampled."""
        if traceparent:
            found = self._below_caller(traceparent, traceparent[-1] in _SAMPLED)
            if found is not None:
                return found
        drawn = self._bits(192)
        ids = f"{drawn:048x}"
        is_sampled = self._all or (drawn >> 64) % _DECIDING < self._below
        return Trace(ids[:32], ids[32:] if is_sampled else "", "")

    def child(self, trace: Trace, traceparent: str = "") -> Trace:
        """Return where an item of a call stands; it is sampled if its call is."""
        if traceparent:
            found = self._below_caller(traceparent, bool(trace.span_id))
            if found is not None:
                return found
        if not trace.span_id:
            return trace
        return Trace(trace.trace_id, f"{self._bits(64):016x}", trace.span_id)

    def finish(self, span: Span) -> None:
        """Take a span that is sampled, or drop it if too many wait."""
        queue = self._queue
        if len(queue) >= self._most:
            self.dropped += 1
            return
        trace, entry, receipt = span.trace, span.entry, span.receipt
        log = "" if receipt is None else receipt.log
        if entry is None:
            recorded: tuple[str, str, int, str, str, str] = _NOTHING
        else:
            recorded = (
                entry.action,
                entry.key,
                entry.version,
                _PURPOSES[entry.purpose],
                _CUSTODIES[entry.custody],
                entry.decision._value_,
            )
        queue.append(
            (
                trace.trace_id,
                trace.span_id,
                trace.parent_id,
                self._now(),
                span.duration,
                receipt.sequence if receipt is not None and log else -1,
                span.method,
                span.is_item,
                span.status,
                span.reason,
                span.peer,
                span.identity,
                *recorded,
                log,
            )
        )

    def take(self, most: int) -> list[FinishedSpan]:
        """Return spans that wait, the oldest first, and have them wait no more."""
        queue = self._queue
        return [queue.popleft() for _ in range(min(len(queue), most))]

    def _below_caller(self, traceparent: str, is_sampled: bool) -> Trace | None:
        """Return a place below the span of a caller; ``None`` where its ids are invalid."""
        trace_id, parent_id = traceparent[3:35], traceparent[36:52]
        if trace_id == _NO_TRACE or parent_id == _NO_SPAN:
            return None
        return Trace(trace_id, f"{self._bits(64):016x}" if is_sampled else "", parent_id)
