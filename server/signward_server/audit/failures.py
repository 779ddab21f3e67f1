"""Failures, which callers cause at will: recorded one by one within budgets, else counted (S38)."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from signward_server.audit.encoding import Encoder
from signward_server.core.audit_events import AuditEvent

__all__ = ["Budget", "Failures"]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much failures may take of the log in a second.

    Attributes:
        records: Recorded one by one, of one identity.
        size: Bytes of those of all identities together.
        counted: Records of counted ones, each of a caller and a reason.
    """

    records: int = 50
    size: int = 64 * 1024
    counted: int = 128


class Failures:
    """Decides which failures are recorded by themselves, and counts the others.

    Args:
        encoder: Makes the records of what was counted.
        budget: What a second may take.
    """

    def __init__(self, encoder: Encoder, budget: Budget) -> None:
        self._encoder = encoder
        self._budget = budget
        self._lock = threading.Lock()
        self._spent: Counter[str] = Counter()
        self._bytes = 0
        self._counted: Counter[tuple[str, str, str]] = Counter()
        self._suppressed = 0
        self._drained = 0
        self.scarce = False

    def admits(self, identity: str, size: int) -> bool:
        """Return whether a failure may be recorded by itself; it is charged then.

        Args:
            identity: Whose it is.
            size: Bytes of its record.
        """
        with self._lock:
            if (
                self.scarce
                or self._spent[identity] >= self._budget.records
                or self._bytes + size > self._budget.size
            ):
                return False
            self._spent[identity] += 1
            self._bytes += size
            return True

    def count(self, reason: str, *, identity: str = "", peer: str = "") -> None:
        """Count a failure of a caller, or of a peer that nobody knows."""
        key = (identity, peer, reason)
        with self._lock:
            if key in self._counted or len(self._counted) < self._budget.counted:
                self._counted[key] += 1
            else:
                self._suppressed += 1

    def suppress(self) -> None:
        """Count something that nobody will read of, for lack of room."""
        with self._lock:
            self._suppressed += 1

    def drain(self) -> list[bytes]:
        """Return the records of what was counted since the last time, and begin a new second.

        While space is scarce there are none: everything goes into one number, which is
        recorded once there is space again.
        """
        with self._lock:
            counted, self._counted = self._counted, Counter()
            self._spent.clear()
            self._bytes = 0
            if self.scarce:
                self._suppressed += counted.total()
                return []
            suppressed, self._suppressed = self._suppressed, 0
            self._drained = counted.total() + suppressed
        records = [
            self._encoder.event(
                AuditEvent.FAILURES, outcome=reason, identity=identity, peer=peer, count=count
            )
            for (identity, peer, reason), count in counted.items()
        ]
        if suppressed:
            records.append(self._encoder.event(AuditEvent.SUPPRESSED, count=suppressed))
        return records

    def give_back(self) -> None:
        """Count those again, in one number, that were drained last: they could not be recorded."""
        with self._lock:
            self._suppressed += self._drained
