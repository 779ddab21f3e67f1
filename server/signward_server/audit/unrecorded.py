"""The stand-ins while there is no audit log."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import AuditEntry, AuditReceipt

__all__ = ["NoLog", "Unrecorded"]

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


class NoLog:
    """Has nothing to read; implements ``ports.AuditLog``."""

    name = ""
    verifier_key = ""
    first = 0
    size = 0

    def checkpoint(self) -> bytes:
        """Raise: there is nothing to sign."""
        raise AuditUnavailable

    def records(self, start: int, most: int) -> Sequence[bytes]:
        """Return nothing."""
        return ()

    def wait(self, sequence: int, timeout: float) -> bool:
        """Return that there is none."""
        time.sleep(timeout)
        return False

    def inclusion(self, sequence: int, size: int) -> Sequence[bytes]:
        """Raise: there is no tree."""
        raise AuditUnavailable

    def consistency(self, first: int, second: int) -> Sequence[bytes]:
        """Raise: there is no tree."""
        raise AuditUnavailable
