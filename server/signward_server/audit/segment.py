"""One open segment: records are appended to it, and the checkpoints beside it."""

from __future__ import annotations

import os
from bisect import bisect_right
from pathlib import Path

from signward.audit.segments import Header

from signward_server.audit.files import Files, write_all
from signward_server.audit.folder import Folder

__all__ = ["Marks", "Segment"]

_MARK_EVERY = 256  # records


class Marks:
    """Where some of the records of a segment begin, so that readers need not start at its head.

    Args:
        first: Number of the segment's first record.
        offset: Where it begins.
    """

    __slots__ = ("_numbers", "_offsets", "due")

    def __init__(self, first: int, offset: int) -> None:
        self._numbers = [first]
        self._offsets = [offset]
        self.due = first + _MARK_EVERY

    def add(self, number: int, offset: int) -> None:
        """Mark a record; for those at or after ``due``."""
        self._offsets.append(offset)
        self._numbers.append(number)  # last: whoever finds it finds its offset as well
        self.due = number + _MARK_EVERY

    def before(self, number: int) -> tuple[int, int]:
        """Return the last mark that is not after a record: its number and its offset."""
        at = bisect_right(self._numbers, number) - 1
        return self._numbers[at], self._offsets[at]


class Segment:
    """A segment that is open for appending; one thread at a time writes to it.

    Args:
        files: The file system.
        folder: The folder of the log.
        header: How it begins.
        descriptor: Of its file, which is taken over.
        size: Bytes in it that are valid, its header included.
        marks: Where its records begin.
        created: Seconds of a clock that never steps back, at which it was begun.
    """

    def __init__(
        self,
        files: Files,
        folder: Folder,
        *,
        header: Header,
        descriptor: int,
        size: int,
        marks: Marks,
        created: float,
    ) -> None:
        self._files = files
        self._folder = folder
        self._descriptor = descriptor
        self._notes: Path = folder.checkpoints(header.first)
        self._notes_descriptor = -1
        self._notes_size = -1
        self.header = header
        self.path = folder.segment(header.first)
        self.size = size
        self.synced_size = size
        self.is_sound = True  # whether no bringing to the disk has failed
        self.marks = marks
        self.created = created

    def write(self, data: bytes) -> None:
        """Append frames.

        Raises:
            OSError: Not all of them are there; nothing may be appended any more (S37).
        """
        written = self._files.write(self._descriptor, data)
        if written != len(data):
            write_all(self._files, self._descriptor, data[written:])
        self.size += len(data)

    def sync(self) -> None:
        """Bring what was written before to the disk.

        Raises:
            OSError: How much is there is not known; it will not be said again (S37).
        """
        try:
            self._files.sync(self._descriptor)
        except OSError:
            self.is_sound = False
            raise

    def add_checkpoint(self, note: bytes) -> None:
        """Append a signed note to the checkpoints, and bring it to the disk.

        Raises:
            OSError: It is not there, or not wholly.
        """
        if self._notes_descriptor < 0:
            self._notes_descriptor = self._files.reopen(self._notes)
            self._notes_size = os.fstat(self._notes_descriptor).st_size
            self._files.sync_folder(self._folder.path)
        data = note + b"\n"
        write_all(self._files, self._notes_descriptor, data)
        self._files.sync(self._notes_descriptor)
        self._notes_size += len(data)

    def trim(self) -> None:
        """Take back what ``add_checkpoint`` has written in part.

        Raises:
            OSError: It cannot be.
        """
        if self._notes_descriptor >= 0:
            self._files.cut(self._notes, self._notes_size)

    def is_there(self) -> bool:
        """Return whether its name still leads to it: what was removed is written to in vain."""
        try:
            found, own = self.path.stat(), os.fstat(self._descriptor)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)

    def close(self) -> None:
        """Close its files."""
        os.close(self._descriptor)
        if self._notes_descriptor >= 0:
            os.close(self._notes_descriptor)
            self._notes_descriptor = -1
