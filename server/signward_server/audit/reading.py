"""Reading the log while it is written."""

from __future__ import annotations

import mmap
import os
import struct
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Protocol

from signward.audit.errors import SegmentError
from signward.audit.framing import FRAME_HEAD, frames
from signward.audit.segments import Header, read_header

from signward_server.audit.beginning import Place
from signward_server.audit.segment import Marks
from signward_server.core.errors import AuditUnavailable

__all__ = ["Extent", "Reading"]

_length = struct.Struct(">I").unpack_from
_CHUNK = 256 * 1024
_MOST_BYTES = 1024 * 1024  # of records that are returned at once
_MOST_MARKED = 16  # sealed segments whose marks are remembered


class _Newest(Protocol):
    @property
    def header(self) -> Header: ...
    @property
    def marks(self) -> Marks: ...


class Extent(Protocol):
    """How far a log goes."""

    @property
    def written(self) -> int:
        """Number after the last record that can be read."""
        ...

    @property
    def segment(self) -> _Newest:
        """The newest segment: its header, and where its records begin."""
        ...


class Reading:
    """Reads records from the segments.

    Args:
        place: The log.
        extent: Knows how far it goes.
    """

    def __init__(self, place: Place, extent: Extent) -> None:
        self._place = place
        self._extent = extent
        self._marked: dict[int, Marks] = {}

    def records(self, start: int, most: int) -> list[bytes]:
        """Return records from ``start`` on; see ``ports.AuditLog``.

        Raises:
            AuditUnavailable: They cannot be read.
        """
        found: list[bytes] = []
        try:
            while len(found) < most and (part := self._part(start, most - len(found))):
                found += part
                start += len(part)
                if sum(map(len, found)) > _MOST_BYTES:
                    break
        except OSError as exc:
            raise AuditUnavailable from exc
        return found

    def _part(self, start: int, most: int) -> list[bytes]:
        """Return some of the records from ``start`` on that stand in one segment."""
        segments, end = self._place.folder.segments(), self._extent.written
        at = bisect_right(segments, start) - 1
        if at < 0 or start >= end:
            return []
        if at + 1 < len(segments):
            end = min(end, segments[at + 1])
        path = self._place.folder.segment(segments[at])
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            mark = self._marks(descriptor, segments[at]).before(start)
            return list(islice(_records(descriptor, mark, start, end), most))
        finally:
            os.close(descriptor)

    def _marks(self, descriptor: int, first: int) -> Marks:
        segment = self._extent.segment
        if segment.header.first == first:
            return segment.marks
        marks = self._marked.get(first)
        if marks is None:
            marks = _marked(descriptor, first)
            if len(self._marked) >= _MOST_MARKED:
                self._marked.clear()
            self._marked[first] = marks
        return marks


def _records(descriptor: int, mark: tuple[int, int], start: int, end: int) -> Iterator[bytes]:
    """Yield the records from ``start`` to before ``end``, beginning to look at a mark."""
    number, offset = mark
    while number < end and (data := os.pread(descriptor, _CHUNK, offset)):
        before = offset
        with suppress(SegmentError):  # the data ends within a frame
            for size, body in frames(data, 0, len(data), "", number):
                if number == end or not body.startswith(b'{"seq":%d,' % number):
                    return
                if number >= start:
                    yield body
                number += 1
                offset = before + size
        if offset == before:
            return


def _marked(descriptor: int, first: int) -> Marks:
    """Return where records of a sealed segment begin, by the lengths of its frames alone."""
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as data:
        _, offset = read_header(data, "")
        marks, number, last = Marks(first, offset), first, len(data) - FRAME_HEAD
        while offset <= last:
            if number >= marks.due:
                marks.add(number, offset)
            (length,) = _length(data, offset)
            offset += FRAME_HEAD + length
            number += 1
    return marks
