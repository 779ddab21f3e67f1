"""The record of what was done."""

from __future__ import annotations

from typing import Protocol

from signward_server.core.identity import Identity
from signward_server.core.ports.calls import Call
from signward_server.core.value import value

__all__ = ["Audit", "AuditEntry", "AuditReceipt"]


@value
class AuditEntry:
    """What is recorded of one item or administrative call.

    Attributes:
        identity: The caller.
        method: Full name of the RPC.
        action: Policy action.
        key: Key id, empty if none.
        version: Key version, 0 if none.
        outcome: ``OK`` or the reason of the error.
        signed_digest: SHA-256 of the signed bytes, empty if nothing was signed.
        request_id: The caller's name for the request, empty if none.
        call: The call that it belongs to, for its peer and trace context.
        note: The caller's reason, for what has one.
    """

    identity: Identity
    method: str
    action: str
    key: str
    version: int
    outcome: str
    signed_digest: bytes = b""
    request_id: str = ""
    call: Call | None = None
    note: str = ""


@value
class AuditReceipt:
    """Where a record stands.

    Attributes:
        log: Name of the log; empty while there is none.
        sequence: Number of the record in it.
    """

    log: str
    sequence: int


class Audit(Protocol):
    """The record of what was done."""

    def authorised(self, entry: AuditEntry) -> None:
        """Record that something is about to leave the process (S35).

        Raises:
            AuditUnavailable: It cannot be written; nothing may leave.
        """
        ...

    def record(self, entry: AuditEntry) -> AuditReceipt:
        """Record an outcome; it is in the log when this returns.

        Raises:
            AuditUnavailable: It cannot be written; the answer may not leave.
        """
        ...

    def healthy(self) -> bool:
        """Return whether a record could be written now."""
        ...
