"""Numbers records and writes those of concurrent callers together (S37).

A caller queues its records and waits for its turn. Whoever has the turn writes all that is queued
by then; those who get it next find theirs written. Nothing is handed to another thread, and a
caller that is alone pays for a lock that nobody holds.
"""

from __future__ import annotations

import errno
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter

from signward_server.audit.arrivals import Arrivals
from signward_server.audit.groups import UNWRITTEN, Group, Queued, framed
from signward_server.audit.kept import Kept
from signward_server.audit.pace import Pace
from signward_server.audit.segment import Segment
from signward_server.core.errors import AuditUnavailable

__all__ = ["Writer"]

_log = logging.getLogger(__name__)


class Writer:
    """Appends records to the open segment.

    Once anything fails the segment is bad for good, and every record is refused until
    there is another one. What is not known to be on the disk is kept, to be written again.

    Args:
        segment: Where to append.
        number: Number of the next record.
        deferred: Whether ``flush`` writes, instead of the callers.
        pace: How long writes take, and how long the disk may.
        on_failure: Called with the step that failed when it begins to refuse; quick.

    Attributes:
        turn: Who holds it may write, or change what follows.
        kept: Groups that are not on the disk yet, or not hashed.
        pace: How long writes take.
        segment: The open segment.
        next: Number of the next record.
        written: Number after the last record that is in the operating system.
        failure: Why it refuses, ``None`` while it does not.
        arrivals: Wakes who waits for records.
    """

    def __init__(
        self,
        segment: Segment,
        number: int,
        *,
        deferred: bool = False,
        pace: Pace | None = None,
        on_failure: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._deferred = deferred
        self._on_failure = on_failure
        self._queue: deque[Queued] = deque()
        self.turn = threading.RLock()
        self.kept = Kept()
        self.pace = pace or Pace()
        self._is_stalled = False
        self.segment = segment
        self.next = number
        self.written = number
        self.failure: OSError | None = None
        self.arrivals = Arrivals()

    @property
    def is_full(self) -> bool:
        """Whether it keeps as much as it may of what is not on the disk and hashed yet."""
        return self.kept.is_full

    @property
    def is_quick(self) -> bool:
        """Whether no write takes long, nor has lately."""
        return self.pace.is_quick

    @property
    def is_stalled(self) -> bool:
        """Whether it refuses records because the disk does not keep up."""
        return self.pace.is_stalled

    def append(self, tails: Sequence[bytes]) -> int:
        """Write records; they are in the operating system when this returns, unless deferred.

        Args:
            tails: Each is a record without the beginning that says its number; at least one.

        Returns:
            Number of the first; the others follow without a gap.

        Raises:
            AuditUnavailable: None of them was written.
        """
        if self.turn.acquire(blocking=False):  # which it mostly is: nobody else is at it
            try:
                if not self._queue:
                    return self._write_alone(tails)
            finally:
                self.turn.release()
        queued = Queued(tails)
        self._queue.append(queued)
        with self.turn:
            if queued.first == UNWRITTEN and self.failure is None:
                self._write_queue()
        if queued.first == UNWRITTEN:
            raise AuditUnavailable
        return queued.first

    def _write_alone(self, tails: Sequence[bytes]) -> int:
        first = self.next
        frames, end = framed(tails, first)
        if self.failure is not None or not self._put(Group(first, end, frames)):
            raise AuditUnavailable
        return first

    def _write_queue(self) -> None:
        """Write all that is queued, or none of it."""
        taken = []
        while self._queue:
            taken.append(self._queue.popleft())
        number = self.next
        frames, end = framed([tail for queued in taken for tail in queued.tails], number)
        if taken and self._put(Group(number, end, frames)):
            for queued in taken:
                queued.first = number
                number += len(queued.tails)

    def _put(self, group: Group) -> bool:
        """Take a group in, and write it unless that is deferred; return whether it was."""
        if self._stalls() or not self.kept.has_room(group):
            return False
        if self._deferred:
            self.kept.unwritten += 1
        elif not self._write(group):
            return False
        self.kept.add(group)
        self.next = group.end
        return True

    def _stalls(self) -> bool:
        """Return whether the disk does not keep up; say so when that begins."""
        if not self.pace.unsynced or not self.pace.is_stalled:
            self._is_stalled = False
        elif not self._is_stalled:
            self._is_stalled = True
            _log.error("the audit log does not reach the disk", extra={"step": "stall"})
            self._on_failure("stall")
        return self._is_stalled

    def _write(self, group: Group) -> bool:
        segment, pace = self.segment, self.pace
        if group.first >= segment.marks.due:
            segment.marks.add(group.first, segment.size)
        pace.began = began = perf_counter()
        try:
            segment.write(group.frames)
        except OSError as exc:
            self._fail(exc, "write")
            return False
        finally:
            pace.began = 0.0
        pace.took(began)
        self.written = group.end
        if not pace.unsynced:
            pace.unsynced = began
        if self.arrivals.watchers:
            self.arrivals.tell()
        return True

    def flush(self) -> None:
        """Write what was deferred.

        Raises:
            AuditUnavailable: It was not; it will be, in another segment.
        """
        with self.turn:
            while self.kept.unwritten and self.failure is None:
                if self._write(self.kept.next_unwritten()):
                    self.kept.unwritten -= 1
            if self.failure is not None:
                raise AuditUnavailable

    def refuse(self, failure: OSError, step: str) -> None:
        """Refuse records from now on: something that belongs to the segment has failed."""
        with self.turn:
            self._fail(failure, step)

    def restart(self, segment: Segment) -> None:
        """Go on in a segment that holds all records that were numbered; within the turn."""
        self.segment = segment
        self.kept.unwritten = 0
        self._queue.clear()  # whose callers are on their way to be refused
        self.written = self.next
        self.failure = None

    def stop(self) -> None:
        """Refuse records for good."""
        self.failure = self.failure or OSError(errno.ESHUTDOWN, "closed")

    def _fail(self, failure: OSError, step: str) -> None:
        if self.failure is None:
            self.failure = failure
            detail = {"step": step, "error": errno.errorcode.get(failure.errno or 0, "")}
            _log.error("the audit log cannot be written", extra=detail)
            self._on_failure(step)
