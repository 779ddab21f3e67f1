"""What the log does by itself: checkpoints, new segments, repair, and what was only counted."""

from __future__ import annotations

import errno
import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from signward_server.audit.checkpointing import Checkpointing, Signed
from signward_server.audit.clock_watch import ClockWatch
from signward_server.audit.encoding import Encoder
from signward_server.audit.failures import Failures
from signward_server.audit.retention import Retention
from signward_server.audit.settling import Settling
from signward_server.audit.writing import Writer
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import Clock, Event, Level, Meter

__all__ = ["Bounds", "Keeping"]

_log = logging.getLogger(__name__)

_SECOND = 0.99  # at most so often, whoever wakes the thread
_MOST_NOTES = 64  # that wait until they can be written; others are counted
_RETENTION_EVERY = 60  # seconds


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a new segment is begun, and how much of the disk is kept free.

    Attributes:
        size: Bytes of a segment.
        age: Seconds from its beginning.
        reserve: Bytes that are kept for others than failures.
    """

    size: int = 64 * 2**20
    age: float = 86_400.0
    reserve: int = 0


class Keeping:
    """One round after the other, in one thread.

    Args:
        writer: Writes the records.
        settling: Knows which are on the disk.
        checkpointing: Signs, rotates, repairs.
        signed: The last checkpoint.
        failures: What was counted.
        encoder: Makes records of the log's own events.
        watch: Looks at the clocks.
        retention: Removes old segments.
        bounds: See there.
        free: Bytes that are free where the log lies; raises ``OSError``.
        tend: Looks after the uploads; returns how many have failed since the last time.
        clock: Time.
        meter: Is told how things are.
        cuts: How many cuts the first notes tell of.
        forget_cuts: Called when they do, on the disk; raises ``OSError``.
        first: Number of the oldest record.
    """

    def __init__(
        self,
        *,
        writer: Writer,
        settling: Settling,
        checkpointing: Checkpointing,
        signed: Signed,
        failures: Failures,
        encoder: Encoder,
        watch: ClockWatch,
        retention: Retention,
        bounds: Bounds,
        free: Callable[[], int],
        tend: Callable[[], int],
        clock: Clock,
        meter: Meter,
        cuts: int,
        forget_cuts: Callable[[], None],
        first: int,
    ) -> None:
        self._writer = writer
        self._settling = settling
        self._checkpointing = checkpointing
        self._signed = signed
        self._failures = failures
        self._encoder = encoder
        self._watch = watch
        self._retention = retention
        self._bounds = bounds
        self._free = free
        self._tend = tend
        self._clock = clock
        self._meter = meter
        self._notes: deque[bytes] = deque()
        self._cuts = cuts
        self._forget_cuts = forget_cuts
        self._told = 0  # notes
        self._noting = threading.Lock()
        self._next_second = 0.0
        self._next_retention = 0.0
        self._failed_at = 0.0
        self._signed_at = clock.monotonic()
        self._announced = 0  # a segment does not end on account of that record alone
        self.first = first

    def note(
        self, event: AuditEvent, details: Mapping[str, str | int], key: str = "", version: int = 0
    ) -> None:
        """Record an event of the daemon itself, now or as soon as that is possible."""
        if len(self._notes) < _MOST_NOTES:
            record = self._encoder.event(event, key=key, version=version, details=details)
            self._notes.append(record)
        else:
            self._failures.suppress()
        self._write_notes()

    def look(self) -> None:
        """Do what there is to do."""
        now = self._clock.monotonic()
        if is_new_second := now >= self._next_second:
            self._next_second = now + _SECOND
            self._each_second(now)
        try:
            self._sign(now)
        except AuditUnavailable:
            return
        finally:
            if is_new_second:
                self._show(now)
        if now >= self._next_retention:
            self._next_retention = now + _RETENTION_EVERY
            self._retain()

    def _sign(self, now: float) -> None:
        size, told = self._signed.size, self._told
        self._checkpointing.sign()
        self._signed_notes(told)
        if self._signed.size != size or self._writer.next == size:
            self._signed_at = now
        segment, bounds = self._writer.segment, self._bounds
        is_due = segment.size >= bounds.size or now - segment.created >= bounds.age
        if is_due and self._writer.next > max(segment.header.first, self._announced):
            self._checkpointing.rotate()
            self._next_retention = now

    def _each_second(self, now: float) -> None:
        if step := self._watch.look():
            self.note(AuditEvent.CLOCK_STEPPED, {"step_ms": step})
        try:
            self._failures.scarce = self._free() < self._bounds.reserve
        except OSError:
            self._failures.scarce = True
        for _ in range(self._tend()):
            self._meter.count(Event.AUDIT_FAILED, "upload")
        writer = self._writer
        if writer.failure is None and not writer.segment.is_there():
            writer.refuse(OSError(errno.ENOENT, "the segment is gone"), "write")
        if writer.failure is not None:
            self._repair(now)
        self._write_notes()
        self._write_failures(self._failures.drain())

    def end(self) -> None:
        """Record and sign what there is, for the last time; no round is under way."""
        self._next_second = math.inf
        self._write_notes()
        self._write_failures(self._failures.drain())
        with suppress(AuditUnavailable):
            told = self._told
            self._checkpointing.sign()
            self._signed_notes(told)

    def _signed_notes(self, told: int) -> None:
        """Forget the cuts once so many notes are in the log, signed, that they are among them."""
        if self._cuts and told >= self._cuts:
            with suppress(OSError):  # the next round tries again
                self._forget_cuts()
                self._cuts = 0

    def _repair(self, now: float) -> None:
        cause = self._writer.failure
        self._failed_at = self._failed_at or now
        try:
            discarded = self._checkpointing.repair()
        except OSError as exc:
            _log.warning("the audit log still cannot be written", extra={"errno": exc.errno})
            return
        seconds, self._failed_at = now - self._failed_at, 0.0
        _log.warning("the audit log is written again", extra={"seconds": round(seconds)})
        details: dict[str, str | int] = {"discarded_bytes": discarded}
        if cause is not None and cause.errno:
            details["errno"] = cause.errno
        self.note(AuditEvent.RECOVERED, details)

    def _write_notes(self) -> None:
        with self._noting, suppress(AuditUnavailable):  # the next round tries again
            while self._notes:
                self._writer.append((self._notes[0],))
                self._notes.popleft()
                self._told += 1

    def _write_failures(self, records: list[bytes]) -> None:
        if not records:
            return
        try:
            self._writer.append(records)
        except AuditUnavailable:
            self._failures.give_back()

    def _retain(self) -> None:
        try:
            with suppress(AuditUnavailable):  # nothing was removed then
                self._retention.apply(self._signed.size, self._announce)
        except OSError as exc:
            _log.warning("old segments cannot be removed", extra={"errno": exc.errno})

    def _announce(self, oldest: int) -> None:
        """Have it in the log, signed, that it begins with another record from now on."""
        if oldest > self.first:
            record = self._encoder.event(AuditEvent.RETAINED, details={"first": oldest})
            self._announced = self._writer.append((record,)) + 1
            self._checkpointing.sign()
            self.first = oldest

    def _show(self, now: float) -> None:
        writer, level = self._writer, self._meter.level
        level(Level.AUDIT_UP, float(writer.failure is None and not writer.is_stalled))
        level(Level.AUDIT_SIZE, writer.next)
        level(Level.AUDIT_UNSYNCED, writer.next - self._settling.synced)
        level(Level.AUDIT_UNSIGNED, writer.next - self._signed.size)
        level(Level.CHECKPOINT_AGE, now - self._signed_at)
