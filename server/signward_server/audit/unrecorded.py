"""The stand-in while there is no audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from signward_server.core.audit_events import AuditEvent
from signward_server.core.ports import AuditEntry, AuditReceipt

__all__ = ["Unrecorded"]

_NO_LOG = AuditReceipt(log="", sequence=0)


class Unrecorded:
    """Keeps nothing; implements ``ports.Audit``. Receipts name no log."""

    is_quick = True

    def authorised(self, entry: AuditEntry) -> None:
        """Return."""

    def record(self, entry: AuditEntry) -> AuditReceipt:
        """Return a receipt that names no log."""
        return _NO_LOG

    def record_all(self, entries: Sequence[AuditEntry]) -> Sequence[AuditReceipt]:
        """Return receipts that name no log."""
        return [_NO_LOG] * len(entries)

    def failed(self, entry: AuditEntry) -> None:
        """Return."""

    def unauthenticated(self, peer: str, reason: str) -> None:
        """Return."""

    def note(self, event: AuditEvent, details: Mapping[str, str | int]) -> None:
        """Return."""

    def ensure_available(self) -> None:
        """Return: nothing is written, so nothing can fail."""

    def healthy(self) -> bool:
        """Return true: nothing is written, so nothing can fail."""
        return True
