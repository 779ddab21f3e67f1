"""Has the first log say which logs the home has, and how far the others have come."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from signward.audit.checkpoints import Checkpoint
from signward.audit.listings import details_of
from signward.audit.log_list import LIST_NAME

from signward_server.audit.all_logs import AllLogs
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import Clock

__all__ = ["Pinning"]

_EVERY = 600.0  # seconds between two looks at how far the others have come


class _Noted(Protocol):
    @property
    def segment(self) -> int: ...
    def note(self, event: AuditEvent, details: Mapping[str, str | int]) -> None: ...


class Pinning:
    """Writes a record ``listed`` when there is something new to say.

    That is when the list has changed, at the beginning of each segment, so that retention does
    not take the last one away, and when others have come further, at most every ten minutes.

    Args:
        log: The first log.
        logs: All of them.
        folder: Folder of the first one.
        clock: Time.
    """

    def __init__(self, log: _Noted, logs: AllLogs, folder: Path, clock: Clock) -> None:
        self._log = log
        self._logs = logs
        self._list = folder / LIST_NAME
        self._clock = clock
        self._seen: object = None
        self._said: Mapping[str, str | int] = {}
        self._due = 0.0

    def look(self) -> None:
        """Write the record if it is time to; costs microseconds if it is not."""
        seen = self._now()
        if seen is None:
            return
        now = self._clock.monotonic()
        if seen == self._seen and now < self._due:
            return
        self._due = now + _EVERY
        try:
            details = self._details()
        except AuditUnavailable:
            return  # which was said; the next turn tries again
        if seen != self._seen or details != self._said:
            self._log.note(AuditEvent.LISTED, details)
            self._seen, self._said = seen, details

    def _now(self) -> object:
        """Return what tells the list from another one, and the segment; ``None`` without a list."""
        try:
            found = self._list.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size, self._log.segment

    def _details(self) -> dict[str, str | int]:
        listed = self._logs.listed()
        if listed is None:
            raise AuditUnavailable
        heads: dict[str, Checkpoint] = {}
        for folder, other in self._logs.others().items():
            found = other.newest()
            if found is not None and found.size:
                heads[folder] = found
        return details_of(listed, heads)
