"""How far a log goes that another process writes, read from its files."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

from signward.audit.errors import SegmentError
from signward.audit.framing import FRAME_HEAD, MAX_RECORD, frames
from signward.audit.segments import Header, read_header

from signward_server.audit.folder import Folder
from signward_server.audit.segment import Marks

__all__ = ["Growing"]

_CHUNK = 1024 * 1024


@dataclass(slots=True)
class _Segment:
    """The newest segment, as far as it was read.

    Attributes:
        header: How it begins.
        marks: Where its records begin.
        file: Device and inode.
        number: Number after the last record that was read.
        offset: Where that one ends.
    """

    header: Header
    marks: Marks
    file: tuple[int, int]
    number: int
    offset: int


class Growing:
    """Follows the frames of the newest segment; implements ``reading.Extent``. Threads share it.

    A frame that is not whole yet, or will never be, ends what can be read.

    Args:
        folder: The log.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._known: _Segment | None = None

    @property
    def written(self) -> int:
        """Number after the last record that can be read.

        Raises:
            OSError: The log cannot be read.
        """
        with self._lock:
            return self._look().number

    @property
    def segment(self) -> _Segment:
        """The newest segment; see ``written``."""
        with self._lock:
            return self._known or self._look()

    def _look(self) -> _Segment:
        segments = self._folder.segments()
        for first in reversed(segments):
            descriptor = os.open(
                self._folder.segment(first), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            )
            try:
                known = self._begun(descriptor)
                if known is not None:
                    _read_on(descriptor, known)
                    self._known = known
                    return known
            finally:
                os.close(descriptor)
        raise FileNotFoundError(2, os.strerror(2), str(self._folder.path))

    def _begun(self, descriptor: int) -> _Segment | None:
        """Return what is known of a segment; ``None`` if its header is not whole yet."""
        status, known = os.fstat(descriptor), self._known
        file = status.st_dev, status.st_ino
        if known is not None and known.file == file and known.offset <= status.st_size:
            return known
        try:
            header, offset = read_header(os.pread(descriptor, FRAME_HEAD + MAX_RECORD, 0), "")
        except SegmentError:
            return None
        return _Segment(header, Marks(header.first, offset), file, header.first, offset)


def _read_on(descriptor: int, segment: _Segment) -> None:
    while data := os.pread(descriptor, _CHUNK, segment.offset):
        before = segment.offset
        try:
            for size, body in frames(data, 0, len(data), "", segment.number):
                if not body.startswith(b'{"seq":%d,' % segment.number):
                    return
                if segment.number >= segment.marks.due:
                    segment.marks.add(segment.number, segment.offset)
                segment.number += 1
                segment.offset = before + size
        except SegmentError:
            pass  # the data ends within a frame
        if segment.offset == before:
            return
