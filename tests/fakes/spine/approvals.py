"""Approvals in memory."""

from __future__ import annotations

import threading

from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Approval, Time

__all__ = ["FakeApprovals"]


class FakeApprovals:
    """Implements ``core.ports.Approvals``.

    Attributes:
        open: Those that were not used, by digest.
        used: What others were used for.
        failing: Whether nothing can be read or written.
        stolen: Whether somebody else is always quicker.
    """

    def __init__(self, time: Time) -> None:
        self.open: dict[bytes, Approval] = {}
        self.used: dict[bytes, Approval] = {}
        self.failing = False
        self.stolen = False
        self._time = time
        self._lock = threading.Lock()

    def give(self, approval: Approval) -> None:
        self._ensure_available()
        self.open[approval.digest] = approval

    def withdraw(self, approval: Approval) -> None:
        self.use(approval)

    def find(self, digest: bytes, asker: str) -> Approval | None:
        return self._current(self.open.get(digest), asker)

    def used_for(self, use: bytes, asker: str) -> Approval | None:
        return self._current(self.used.get(use), asker)

    def use(self, approval: Approval, use: bytes = b"") -> bool:
        self._ensure_available()
        with self._lock:
            if self.open.get(approval.digest) == approval and not self.stolen:
                del self.open[approval.digest]
                if use:
                    self.used[use] = approval
                return True
            return use in self.used

    def _current(self, found: Approval | None, asker: str) -> Approval | None:
        self._ensure_available()
        if found is None or found.approver == asker or found.expire_time <= self._time.now():
            return None
        return found

    def _ensure_available(self) -> None:
        if self.failing:
            raise StoreUnavailable
