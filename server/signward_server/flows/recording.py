"""Recording what becomes of administrative calls."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from signward_server.core.audit_events import AuditEvent, Decision
from signward_server.core.errors import (
    Internal,
    PolicyDenied,
    PolicyError,
    SignwardError,
    SpendLimit,
)
from signward_server.core.ports import Audit, AuditEntry, Call

__all__ = ["OK", "Recorded", "deciding", "decision_of"]

OK = "OK"

_DENIALS = (PolicyDenied, SpendLimit)


class Recorded:
    """Records one administrative call when its block ends, however it ends.

    Args:
        audit: The log.
        call: The call.
        action: Its policy action.
        key_id: The key that it concerns, empty for none.
        note: The caller's reason for it, if any.

    Attributes:
        note: May be set to what else is to be known of it.
        version: The version that it made or changed, 0 for none; to be set.

    Raises:
        AuditUnavailable: At its beginning: nothing was done. From its end: what was done
            cannot be recorded.
    """

    def __init__(self, audit: Audit, call: Call, action: str, key_id: str, note: str = "") -> None:
        self._audit = audit
        self._call = call
        self._action = action
        self._key_id = key_id
        self.note = note
        self.version = 0

    def __enter__(self) -> Self:
        self._audit.ensure_available()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            entry = self._entry(OK, Decision.ALLOW)
            self._call.concluded(entry, self._audit.record(entry))
            return
        known = error if isinstance(error, SignwardError) else Internal()
        entry = self._entry(known.reason, decision_of(known), deciding(known))
        self._audit.failed(entry)
        self._call.concluded(entry, None)

    def _entry(
        self, outcome: str, decision: Decision, policies: tuple[str, ...] = ()
    ) -> AuditEntry:
        return AuditEntry(
            event=AuditEvent.ADMINISTRATION,
            call=self._call,
            action=self._action,
            key=self._key_id,
            version=self.version,
            outcome=outcome,
            decision=decision,
            policies=policies,
            note=self.note,
        )


def decision_of(error: SignwardError, otherwise: Decision = Decision.UNASKED) -> Decision:
    """Return what the policies have said where this is the error."""
    if isinstance(error, _DENIALS):
        return Decision.DENY
    return Decision.ERROR if isinstance(error, PolicyError) else otherwise


def deciding(error: SignwardError) -> tuple[str, ...]:
    """Return the ids of the policies that deny with this error."""
    named = error.metadata.get("policies", "") if isinstance(error, _DENIALS) else ""
    return tuple(named.split(",")) if named else ()
