"""What is recorded of an item, as far as it came."""

from __future__ import annotations

from signward_server.core.audit_events import AuditEvent, Decision
from signward_server.core.errors import SignwardError
from signward_server.core.ports import AuditEntry, Call
from signward_server.core.signing import SignRequest
from signward_server.flows.judging import Judging
from signward_server.flows.recording import deciding, decision_of

__all__ = ["judged_entry", "unread_entry"]

_UNREAD = "Sign"


def unread_entry(call: Call, request: SignRequest, outcome: str, started: float) -> AuditEntry:
    """Return the entry of an item whose key or payload could not even be read."""
    return AuditEntry(
        AuditEvent.SIGNATURE,
        call,
        _UNREAD,
        request.key,
        request.version,
        outcome,
        request_id=request.request_id,
        started=started,
    )


def judged_entry(
    call: Call,
    request: SignRequest,
    judging: Judging,
    outcome: str,
    digest: bytes,
    started: float,
    error: SignwardError | None = None,
) -> AuditEntry:
    """Return the entry of an item that was read.

    Args:
        call: The call that carries it.
        request: What was asked for.
        judging: What came of judging it.
        outcome: ``OK`` or the reason of the error.
        digest: SHA-256 of the signed bytes; empty if nothing can have been signed.
        started: Monotonic seconds at which it began.
        error: Why it failed.
    """
    key, decoded, approval = judging.key, judging.decoded, judging.approval
    allowed = judging.allowed
    decision = Decision.UNASKED if allowed is None else Decision.ALLOW
    return AuditEntry(
        AuditEvent.SIGNATURE,
        call,
        decoded.intent.action,
        key.id,
        judging.version.version,
        outcome,
        decision if error is None else decision_of(error, decision),
        allowed or (deciding(error) if error is not None else ()),
        judging.policy_set,
        decoded.intent,
        digest,
        request.request_id,
        judging.note,
        key.purpose,
        key.custody,
        started,
        decoded.more,
        decoded.nonce if digest else 0,
        approval.approver if digest and approval is not None else "",
    )
