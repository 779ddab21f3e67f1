"""Recording the outcome of what changes keys, and of each item that is to be signed."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from signward_server.core.errors import Internal, SignwardError
from signward_server.core.ports import Audit, AuditEntry, Call
from signward_server.core.signing import SignRequest

__all__ = ["Recorded", "item_entry"]


class Recorded:
    """Records one administrative call when its block ends, however it ends.

    Args:
        audit: The log.
        call: The call.
        action: Its policy action.
        key_id: The key that it concerns.
        note: The caller's reason for it, if any.

    Raises:
        AuditUnavailable: From the end of the block: the outcome cannot be recorded.
    """

    def __init__(self, audit: Audit, call: Call, action: str, key_id: str, note: str = "") -> None:
        self._audit = audit
        self._call = call
        self._action = action
        self._key_id = key_id
        self._note = note

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            outcome = "OK"
        else:
            outcome = error.reason if isinstance(error, SignwardError) else Internal.reason
        self._audit.record(
            AuditEntry(
                identity=self._call.identity,
                method=self._call.method,
                action=self._action,
                key=self._key_id,
                version=0,
                outcome=outcome,
                call=self._call,
                note=self._note,
            )
        )


def item_entry(
    call: Call,
    request: SignRequest,
    action: str,
    version: int,
    outcome: str,
    signed_digest: bytes = b"",
) -> AuditEntry:
    """Return the record of one item that was to be signed."""
    return AuditEntry(
        call.identity,
        call.method,
        action,
        request.key,
        version,
        outcome,
        signed_digest,
        request.request_id,
        call,
    )
