"""Brings records to the disk, and from one segment to the next (S37)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter

from signward_server.audit.groups import Group
from signward_server.audit.segment import Segment
from signward_server.audit.writing import Writer
from signward_server.core.errors import AuditUnavailable

__all__ = ["Settling"]

_PATIENCE = 1.0  # seconds to wait until another sync is over


class Settling:
    """Knows what is on the disk.

    Args:
        writer: Writes the records; all that there are by now are on the disk.

    Attributes:
        synced: Number after the last record that is known to be on the disk.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._syncing = threading.RLock()  # taken before the writer's turn
        self.synced = writer.written

    def sync(self, number: int) -> None:
        """Return when all records below a number are on the disk; callers share the way there.

        Raises:
            AuditUnavailable: They are not known to be.
        """
        if not self._syncing.acquire(timeout=_PATIENCE):
            raise AuditUnavailable  # somebody else waits for the disk
        try:
            if self.synced >= number:
                return
            self._writer.flush()
            try:
                self._sync()
            except OSError as exc:
                self._writer.refuse(exc, "sync")
                raise AuditUnavailable from exc
        finally:
            self._syncing.release()

    def rescue(self) -> None:
        """Bring to the disk what was written before a write failed, if that can be trusted.

        What an ``fdatasync`` has failed on is never asked for again: it would say yes (S37).
        """
        with self._syncing, suppress(OSError):
            if self._writer.segment.is_sound:
                self._sync()

    def _sync(self) -> None:
        writer = self._writer
        with writer.turn:
            segment, end, size = writer.segment, writer.written, writer.segment.size
            began = perf_counter()
        segment.sync()
        segment.synced_size = size
        self.synced = end
        with writer.turn:
            writer.pace.unsynced = began if writer.written > end else 0.0

    def take(self) -> list[Group]:
        """Return the groups that are on the disk, each for once: to be hashed, not kept here."""
        with self._writer.turn:
            return self._writer.kept.take(self.synced)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no record in for the length of the block; those there are are on the disk.

        Raises:
            AuditUnavailable: It failed, or an ``OSError`` came out of the block.
        """
        self._writer.pace.expect_slow()
        with self._syncing, self._writer.turn:
            self._writer.flush()
            try:
                self._sync()
                yield
            except OSError as exc:
                self._writer.refuse(exc, "rotate")
                raise AuditUnavailable from exc

    def switch(self, segment: Segment) -> None:
        """Go on in the next segment; within ``held``."""
        self._writer.segment.close()
        self._writer.segment = segment

    def unsynced(self) -> list[Group]:
        """Return the groups that are not known to be on the disk; while it refuses records."""
        with self._writer.turn:
            return self._writer.kept.after(self.synced)

    def adopt(self, segment: Segment) -> None:
        """Go on in a segment that holds all that was unsynced, on the disk."""
        with self._syncing, self._writer.turn:
            self._writer.segment.close()
            self._writer.restart(segment)
            self._writer.pace.unsynced = 0.0
            self.synced = self._writer.written

    def close(self) -> None:
        """Have records refused for good, and close the segment."""
        with self._syncing, self._writer.turn:
            self._writer.stop()
            self._writer.segment.close()

    def abandon(self) -> None:
        """Have records refused for good, while a thread is at it that does not come back."""
        self._writer.stop()
