"""A record in memory."""

from __future__ import annotations

import dataclasses
import threading

from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import AuditEntry, AuditReceipt

__all__ = ["FakeAudit"]


class FakeAudit:
    """Implements ``core.ports.Audit``.

    Attributes:
        entries: Outcomes.
        announced: What was about to leave the process.
        failing: Whether nothing can be written.
        keeps_calls: Whether entries keep their call. A call of a real server that is kept
            keeps its HTTP/2 stream open, too.
    """

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.announced: list[AuditEntry] = []
        self.failing = False
        self.keeps_calls = True
        self._lock = threading.Lock()

    def authorised(self, entry: AuditEntry) -> None:
        if self.failing:
            raise AuditUnavailable
        self.announced.append(entry)

    def record(self, entry: AuditEntry) -> AuditReceipt:
        with self._lock:
            if self.failing:
                raise AuditUnavailable
            kept = entry if self.keeps_calls else dataclasses.replace(entry, call=None)
            self.entries.append(kept)
            return AuditReceipt("fake", len(self.entries))

    def healthy(self) -> bool:
        return not self.failing

    @property
    def outcomes(self) -> list[str]:
        return [entry.outcome for entry in self.entries]
