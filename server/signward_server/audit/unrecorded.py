"""The stand-in while there is no audit log."""

from __future__ import annotations

from signward_server.core.ports import AuditEntry, AuditReceipt

__all__ = ["Unrecorded"]

_NO_LOG = AuditReceipt(log="", sequence=0)


class Unrecorded:
    """Keeps nothing; implements ``ports.Audit``. Receipts name no log."""

    def authorised(self, entry: AuditEntry) -> None:
        """Return."""

    def record(self, entry: AuditEntry) -> AuditReceipt:
        """Return a receipt that names no log."""
        return _NO_LOG

    def healthy(self) -> bool:
        """Return true: nothing is written, so nothing can fail."""
        return True
