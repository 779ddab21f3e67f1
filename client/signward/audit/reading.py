"""Reading records from a log's folder, as they stand there; nothing is verified."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from signward.audit.errors import AuditError, SegmentError
from signward.audit.folder import LogFolder, mapped
from signward.audit.framing import frames
from signward.audit.records import Record, format_time
from signward.audit.segment_list import was_never_begun
from signward.audit.segments import Header, read_header

__all__ = ["RecordFilter", "read_bodies", "read_body"]


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records are wanted; what is empty or ``None`` does not matter.

    Attributes:
        identity: The caller.
        key: Key id.
        outcome: ``OK`` or a reason.
        event: Kind of record.
        since: Not before this time.
        until: Before this time.
    """

    identity: str = ""
    key: str = ""
    outcome: str = ""
    event: str = ""
    since: datetime | None = None
    until: datetime | None = None
    _needles: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    _times: tuple[bytes, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = ("event", "outcome", "identity", "key")
        given = {name: getattr(self, name) for name in names}
        needles = tuple(
            f'"{name}":{json.dumps(value)}'.encode() for name, value in given.items() if value
        )
        times = (_time(self.since, b""), _time(self.until, b"~"))
        object.__setattr__(self, "_needles", needles)
        object.__setattr__(self, "_times", times)

    def may_match(self, body: bytes) -> bool:
        """Return whether the bytes of a record can be of one that is wanted: quick, not sure."""
        for needle in self._needles:
            if needle not in body:
                return False
        start = body.find(b'"time":"') + len(b'"time":"')
        since, until = self._times
        return since <= body[start : start + 27] < until

    def matches(self, record: Record) -> bool:
        """Return whether a record is wanted."""
        return (
            self.event in ("", record.event)
            and self.outcome in ("", record.outcome)
            and self.identity in ("", record.identity)
            and self.key in ("", record.key)
            and (self.since is None or record.time >= self.since)
            and (self.until is None or record.time < self.until)
        )


def _time(time: datetime | None, otherwise: bytes) -> bytes:
    return otherwise if time is None else format_time(time).encode()


def read_bodies(folder: LogFolder, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Read records in order.

    Args:
        folder: The log.
        start: First sequence wanted; those that are no longer there are passed over.

    Yields:
        Sequence and bytes of each record. A frame at the very end that was not written whole is
        left out, and so is a last segment that was never begun.

    Raises:
        SegmentError: The log is damaged.
        OSError: A file cannot be read.
    """
    firsts = folder.segments
    if len(firsts) > 1 and was_never_begun(folder, firsts[-1]):
        firsts = firsts[:-1]
    for number, first in enumerate(firsts):
        after = firsts[number + 1] if number + 1 < len(firsts) else None
        if after is None or after > start:
            yield from _read_segment(folder, first, after, start)


def read_body(folder: LogFolder, sequence: int) -> bytes:
    """Return the bytes of one record.

    Raises:
        AuditError: It is not in the log, or the log is damaged.
        OSError: A file cannot be read.
    """
    for number, body in read_bodies(folder, sequence):
        if number == sequence:
            return body
        break
    raise AuditError(f"record {sequence} is not in this log")


def _read_segment(
    folder: LogFolder, first: int, after: int | None, start: int
) -> Iterator[tuple[int, bytes]]:
    path = folder.segment(first)
    with mapped(path) as data:
        header, offset = read_header(data, path.name)
        stop = len(data) if after is None else _end_before(folder, after, first, len(data))
        sequence = header.first
        try:
            for _, body in frames(data, offset, stop, path.name, sequence):
                if sequence >= start:
                    yield sequence, body
                sequence += 1
        except SegmentError as error:
            if error.kind != "torn" or after is not None:
                raise


def _end_before(folder: LogFolder, first: int, before: int, length: int) -> int:
    """Return where the segment before ``first`` ends, as that one's header says."""
    header = _header(folder, first)
    previous = header.previous
    if previous is None or previous.first != before:
        return length
    return min(previous.end, length)


def _header(folder: LogFolder, first: int) -> Header:
    path = folder.segment(first)
    with mapped(path) as data:
        return read_header(data, path.name)[0]
