"""Numbers records and writes those of concurrent callers together (S37).

A caller queues its records and waits for its turn. Whoever has the turn writes all that is queued
by then; those who get it next find theirs written. Nothing is handed to another thread, and a
caller that is alone pays for a lock that nobody holds.
"""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from signward_server.audit.arrivals import Arrivals
from signward_server.audit.groups import UNWRITTEN, Group, Queued, framed
from signward_server.audit.segment import Segment
from signward_server.core.errors import AuditUnavailable

__all__ = ["Writer"]

_log = logging.getLogger(__name__)

_SLOW = 0.005  # seconds that a write may take
_SLOW_FOR = 1.0  # seconds for which one that took longer is remembered
_MOST_KEPT = 64 * 2**20  # bytes that are not on the disk and hashed yet
_ROOM = 2 * 2**20  # more than any group


class Writer:
    """Appends records to the open segment.

    Once anything fails the segment is bad for good, and every record is refused until
    ``adopt`` brings another segment. What is not known to be on the disk stays in memory
    until then, to be written again.

    Args:
        segment: Where to append.
        number: Number of the next record; all before it are on the disk.
        deferred: Whether ``flush`` writes, instead of the callers.
        on_failure: Called with the step that failed when it begins to refuse; quick.
    """

    def __init__(
        self,
        segment: Segment,
        number: int,
        *,
        deferred: bool = False,
        on_failure: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._deferred = deferred
        self._on_failure = on_failure
        self._queue: deque[Queued] = deque()
        self._turn = threading.RLock()
        self._syncing = threading.RLock()  # taken before the turn where both are needed
        self._kept: deque[Group] = deque()
        self._kept_bytes = 0
        self._unwritten = 0  # groups at the end of those kept, if deferred
        self._began = 0.0  # when the write began that is under way
        self._slow_until = 0.0
        self.segment = segment
        self.next = number
        self.written = number
        self.synced = number
        self.failure: OSError | None = None
        self.arrivals = Arrivals()

    @property
    def is_full(self) -> bool:
        """Whether it keeps as much as it may of what is not on the disk and hashed yet."""
        return self._kept_bytes >= _MOST_KEPT - _ROOM

    @property
    def is_quick(self) -> bool:
        """Whether no write takes long, nor has lately."""
        began, now = self._began, time.perf_counter()
        return now >= self._slow_until and (not began or now - began < _SLOW)

    def append(self, tails: Sequence[bytes]) -> int:
        """Write records; they are in the operating system when this returns, unless deferred.

        Args:
            tails: Each is a record without the beginning that says its number; at least one.

        Returns:
            Number of the first; the others follow without a gap.

        Raises:
            AuditUnavailable: None of them was written.
        """
        if self.failure is not None:
            raise AuditUnavailable
        queued = Queued(tails)
        self._queue.append(queued)
        with self._turn:
            if queued.first == UNWRITTEN and self.failure is None:
                self._take_turn()
        if queued.first == UNWRITTEN:
            raise AuditUnavailable
        return queued.first

    def _take_turn(self) -> None:
        """Write all that is queued, or none of it."""
        taken = []
        while self._queue:
            taken.append(self._queue.popleft())
        first = self.next
        frames, end = framed(taken, first)
        if not frames or self._kept_bytes + len(frames) > _MOST_KEPT:
            return
        if self._deferred:
            self._unwritten += 1
        elif not self._write(frames, first, end):
            return
        self._kept.append(Group(first, end, frames))
        self._kept_bytes += len(frames)
        self.next = end
        for queued in taken:
            queued.first = first
            first += len(queued.tails)

    def _write(self, frames: bytes, first: int, end: int) -> bool:
        segment = self.segment
        if first >= segment.marks.due:
            segment.marks.add(first, segment.size)
        self._began = began = time.perf_counter()
        try:
            segment.write(frames)
        except OSError as exc:
            self._fail(exc, "write")
            return False
        finally:
            self._began = 0.0
        self.written = end
        if self.arrivals.watchers:
            self.arrivals.tell()
        now = time.perf_counter()
        if now - began > _SLOW:
            self._slow_until = now + _SLOW_FOR
        return True

    def flush(self) -> None:
        """Write what was deferred.

        Raises:
            AuditUnavailable: It was not; it will be, in another segment.
        """
        with self._turn:
            self._flush()

    def _flush(self) -> None:
        while self._unwritten and self.failure is None:
            group = self._kept[-self._unwritten]
            if self._write(group.frames, group.first, group.end):
                self._unwritten -= 1
        if self.failure is not None:
            raise AuditUnavailable

    def sync(self, number: int) -> None:
        """Return when all records below a number are on the disk; callers share the way there.

        Raises:
            AuditUnavailable: They are not known to be.
        """
        with self._syncing:
            if self.synced >= number:
                return
            with self._turn:
                self._flush()
            try:
                self._sync()
            except OSError as exc:
                self.refuse(exc, "sync")
                raise AuditUnavailable from exc

    def rescue(self) -> None:
        """Bring to the disk what was written before a write failed, if that can be trusted.

        What an ``fdatasync`` has failed on is never asked for again: it would say yes (S37).
        """
        with self._syncing, suppress(OSError):
            if self.segment.is_sound:
                self._sync()

    def _sync(self) -> None:
        with self._turn:
            segment, end, size = self.segment, self.written, self.segment.size
        segment.sync()
        segment.synced_size = size
        self.synced = end

    def take(self) -> list[Group]:
        """Return the groups that are on the disk, each for once: to be hashed, not kept here."""
        taken = []
        with self._turn:
            while self._kept and self._kept[0].end <= self.synced:
                group = self._kept.popleft()
                self._kept_bytes -= len(group.frames)
                taken.append(group)
        return taken

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no record in for the length of the block; those there are are on the disk.

        Raises:
            AuditUnavailable: It failed, or an ``OSError`` came out of the block.
        """
        self._slow_until = time.perf_counter() + _SLOW_FOR
        with self._syncing, self._turn:
            self._flush()
            try:
                self._sync()
                yield
            except OSError as exc:
                self._fail(exc, "rotate")
                raise AuditUnavailable from exc

    def switch(self, segment: Segment) -> None:
        """Go on in the next segment; within ``held``."""
        self.segment.close()
        self.segment = segment

    def unsynced(self) -> list[Group]:
        """Return the groups that are not known to be on the disk; while it refuses records."""
        with self._turn:
            return [group for group in self._kept if group.end > self.synced]

    def adopt(self, segment: Segment) -> None:
        """Go on in a segment that holds all that was unsynced, on the disk."""
        with self._syncing, self._turn:
            self.segment.close()
            self.segment = segment
            self._unwritten = 0
            self._queue.clear()  # whose callers are on their way to be refused
            self.written = self.synced = self.next
            self.failure = None

    def refuse(self, failure: OSError, step: str) -> None:
        """Refuse records from now on: something that belongs to the segment has failed."""
        with self._turn:
            self._fail(failure, step)

    def _fail(self, failure: OSError, step: str) -> None:
        if self.failure is None:
            self.failure = failure
            detail = {"step": step, "error": errno.errorcode.get(failure.errno or 0, "")}
            _log.error("the audit log cannot be written", extra=detail)
            self._on_failure(step)

    def close(self) -> None:
        """Refuse records for good, and close the segment."""
        with self._syncing, self._turn:
            self.failure = self.failure or OSError(errno.ESHUTDOWN, "closed")
            self.segment.close()
