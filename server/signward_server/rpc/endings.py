"""What is told of a call when it has ended: to the audit log, to traces, to counters."""

from __future__ import annotations

import logging

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import (
    CustodyUnavailable,
    EnvelopeCorrupt,
    SignatureSelfCheckFailed,
    SignwardError,
    Status,
    StoreUnavailable,
    error_classes,
)
from signward_server.core.ports import (
    Audit,
    AuditEntry,
    AuditReceipt,
    Clock,
    Event,
    Meter,
    Span,
    Spans,
    Trace,
)
from signward_server.flows.recording import OK, deciding, decision_of
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.standing import ANONYMOUS

__all__ = ["Endings"]

_log = logging.getLogger(__name__)

# Who could not show who it is has been counted; who has gone has been refused nothing.
_UNRECORDED = frozenset({Status.UNAUTHENTICATED, Status.CANCELLED})
_STATUS = {error.reason: error.status.name for error in error_classes()} | {OK: OK}

# Which part it is that has failed, for those who watch over the parts.
_FAILED = {
    StoreUnavailable.reason: Event.STORE_FAILED,
    EnvelopeCorrupt.reason: Event.KEK_FAILED,
    CustodyUnavailable.reason: Event.CUSTODY_FAILED,
    SignatureSelfCheckFailed.reason: Event.CUSTODY_FAILED,
}


class Endings:
    """Is told of every call once, when it has ended, and of every item of a batch or stream.

    What no flow has recorded of a call that failed is recorded here, so that no denial and
    no error is missing in the log. Callers that could not show who they are have been
    counted already (S38). Nothing here fails a call or waits.

    Args:
        audit: The log.
        spans: Takes spans.
        meter: Counts.
        clock: Measures.
    """

    def __init__(self, *, audit: Audit, spans: Spans, meter: Meter, clock: Clock) -> None:
        self._audit = audit
        self._meter = meter
        self.spans = spans
        self.clock = clock

    def ended(self, call: GrpcCall, error: SignwardError | None) -> None:
        """Take a call that has ended.

        Args:
            call: The call.
            error: Why it failed, ``None`` if it was answered.
        """
        duration = self.clock.monotonic() - call.started
        status, reason = OK, ""
        if error is not None:
            status, reason = error.status.name, error.reason
            self._count_failure(reason)
            if call.entry is None and error.status not in _UNRECORDED:
                self._record(call, error)
        elif call.entry is not None:
            self._count(call.entry)
        self._meter.observe(call.method, status, duration)
        trace = call.trace
        if trace.span_id:
            self._finish(call, trace, duration, status, reason, call.entry, call.receipt)
        if _log.isEnabledFor(logging.DEBUG):
            _mention(call, status, reason, duration)
        call.entry = None  # it names the call, and nobody is to wait for a collection

    def item(
        self, call: GrpcCall, trace: Trace, entry: AuditEntry, receipt: AuditReceipt | None
    ) -> None:
        """Take an item that has ended; see ``call.Told``."""
        outcome, reason = entry.outcome, ""
        if outcome == OK:
            self._count(entry)
        else:
            self._count_failure(outcome)
            reason = outcome
        duration = self.clock.monotonic() - (entry.started or call.started)
        status = _STATUS.get(outcome, Status.INTERNAL.name)
        self._meter.observe(call.method, status, duration, item=True)
        if trace.span_id:
            self._finish(call, trace, duration, status, reason, entry, receipt, is_item=True)

    def _count(self, entry: AuditEntry) -> None:
        if entry.purpose is not None and entry.custody is not None:
            self._meter.signed(entry.purpose, entry.custody)

    def _count_failure(self, reason: str) -> None:
        self._meter.count(Event.REFUSED, reason)
        if failed := _FAILED.get(reason):
            self._meter.count(failed, reason)

    def _record(self, call: GrpcCall, error: SignwardError) -> None:
        if call.standing is None or call.standing is ANONYMOUS:
            return  # nobody has asked who calls
        entry = AuditEntry(
            AuditEvent.FAILURE,
            call,
            "",
            "",
            0,
            error.reason,
            decision_of(error),
            deciding(error),
        )
        self._audit.failed(entry)
        call.concluded(entry, None)

    def _finish(
        self,
        call: GrpcCall,
        trace: Trace,
        duration: float,
        status: str,
        reason: str,
        entry: AuditEntry | None,
        receipt: AuditReceipt | None,
        *,
        is_item: bool = False,
    ) -> None:
        standing = call.standing
        known = standing is not None and standing is not ANONYMOUS
        identity = call.name if known else ""
        self.spans.finish(
            Span(
                trace,
                call.method,
                is_item,
                duration,
                status,
                reason,
                call.address,
                identity,
                entry,
                receipt,
            )
        )


def _mention(call: GrpcCall, status: str, reason: str, duration: float) -> None:
    """Log a call, for whoever follows it through log, trace and audit log."""
    told: dict[str, str | int] = {
        "method": call.method,
        "status": status,
        "duration_us": round(duration * 1e6),
        "trace_id": call.trace_id,
    }
    if reason:
        told["reason"] = reason
    if call.receipt is not None and call.receipt.log:
        told |= {"audit_log": call.receipt.log, "audit_sequence": call.receipt.sequence}
    _log.debug("call ended", extra=told)
