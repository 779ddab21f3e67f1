"""A record in memory."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping, Sequence

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import AuditEntry, AuditReceipt

__all__ = ["FakeAudit"]


class FakeAudit:
    """Implements ``core.ports.Audit``.

    Attributes:
        entries: Outcomes, failures among them.
        announced: What was about to leave the process.
        writes: How many records each write had.
        strangers: Who could not show who it is.
        notes: What the daemon did by itself.
        of_keys: Which of that concerned a key, and which version of it.
        failing: Whether nothing can be written.
        losing: Whether writes fail that were said to be possible.
        slow: Whether a write may wait.
        keeps_calls: Whether entries keep their call. A call of a real server that is kept
            keeps its HTTP/2 stream open, too.
    """

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.announced: list[AuditEntry] = []
        self.writes: list[int] = []
        self.strangers: list[tuple[str, str]] = []
        self.notes: list[tuple[AuditEvent, dict[str, str | int]]] = []
        self.of_keys: list[tuple[AuditEvent, str, int]] = []
        self.failing = False
        self.losing = False
        self.slow = False
        self.keeps_calls = True
        self._lock = threading.Lock()

    @property
    def is_quick(self) -> bool:
        return not self.slow

    def authorised(self, entry: AuditEntry) -> None:
        self.ensure_available()
        self.announced.append(entry)

    def record(self, entry: AuditEntry) -> AuditReceipt:
        return self.record_all([entry])[0]

    def record_all(self, entries: Sequence[AuditEntry]) -> Sequence[AuditReceipt]:
        with self._lock:
            self.ensure_available()
            if self.losing:
                raise AuditUnavailable
            self.writes.append(len(entries))
            return [AuditReceipt("fake", self._keep(entry)) for entry in entries]

    def failed(self, entry: AuditEntry) -> None:
        with self._lock:
            if not self.failing:
                self._keep(entry)

    def unauthenticated(self, peer: str, reason: str) -> None:
        self.strangers.append((peer, reason))

    def note(
        self,
        event: AuditEvent,
        details: Mapping[str, str | int],
        *,
        key: str = "",
        version: int = 0,
    ) -> None:
        self.notes.append((event, dict(details)))
        if key:
            self.of_keys.append((event, key, version))

    def ensure_available(self) -> None:
        if self.failing:
            raise AuditUnavailable

    def healthy(self) -> bool:
        return not self.failing

    @property
    def outcomes(self) -> list[str]:
        return [entry.outcome for entry in self.entries]

    def _keep(self, entry: AuditEntry) -> int:
        kept = entry if self.keeps_calls else dataclasses.replace(entry, call=None)
        self.entries.append(kept)
        return len(self.entries)
