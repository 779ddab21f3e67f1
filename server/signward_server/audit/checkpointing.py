"""Signing checkpoints, and having them for whoever waits."""

from __future__ import annotations

import threading
from collections.abc import Callable

from signward.audit.segments import Header, Previous

from signward_server.audit.beginning import Place, begin_segment, replace_segment
from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.audit.settling import Settling
from signward_server.audit.tree import Tree
from signward_server.audit.writing import Writer
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import Clock

__all__ = ["Checkpointing", "Signed"]


class Signed:
    """The last checkpoint.

    Args:
        size: Of its tree.
        note: The checkpoint; empty if there is none yet.
    """

    def __init__(self, size: int, note: bytes) -> None:
        self._changed = threading.Condition()
        self.size = size
        self.note = note

    def publish(self, size: int, note: bytes) -> None:
        """Have a later one."""
        with self._changed:
            self.size, self.note = size, note
            self._changed.notify_all()

    def look_again(self) -> None:
        """Have those who wait look whether one can be made at all."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, size: int, timeout: float, is_lost: Callable[[], bool]) -> bytes:
        """Return a checkpoint of at least this size, which somebody has been asked to make.

        Args:
            size: Records that it has to cover.
            timeout: Seconds to wait for it.
            is_lost: Whether none can be made now.

        Raises:
            AuditUnavailable: There was none in time, or none can be made.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_there(size) or is_lost(), timeout)
            if not self._is_there(size):
                raise AuditUnavailable
            return self.note

    def _is_there(self, size: int) -> bool:
        return self.size >= size and bool(self.note)


class Checkpointing:
    """Hashes what is on the disk, signs it, and begins segments with what was signed.

    One thread at a time calls it. A checkpoint covers only what is on the disk: a loss of
    power can take records, but none that a checkpoint covers.

    Args:
        place: The log.
        writer: Writes its records.
        settling: Brings them to the disk.
        tree: The tree over those that were hashed.
        key: Signs.
        signed: Where the last checkpoint is kept.
        clock: Says when a segment was begun.
    """

    def __init__(
        self,
        *,
        place: Place,
        writer: Writer,
        settling: Settling,
        tree: Tree,
        key: CheckpointKey,
        signed: Signed,
        clock: Clock,
    ) -> None:
        self._place = place
        self._writer = writer
        self._settling = settling
        self._tree = tree
        self._key = key
        self._signed = signed
        self._clock = clock

    def sign(self) -> None:
        """Sign all that is recorded by now, if anything was since the last checkpoint.

        Raises:
            AuditUnavailable: It could not be; the log refuses records.
        """
        writer, tree = self._writer, self._tree
        if writer.failure is None:
            self._settling.sync(writer.next)
        if writer.failure is not None:  # perhaps since
            raise AuditUnavailable
        self._hash()
        try:
            tree.save()
            note = self._note()
            if note != self._signed.note:
                writer.segment.add_checkpoint(note)
                self._signed.publish(tree.size, note)
        except OSError as exc:
            writer.refuse(exc, "checkpoint")
            raise AuditUnavailable from exc

    def rotate(self) -> None:
        """Go on in a new segment, which begins with a checkpoint.

        Raises:
            AuditUnavailable: It could not be begun; the log refuses records.
        """
        self.sign()  # most of it, while records still come in
        with self._settling.held():
            self.sign()
            old = self._writer.segment
            header = self._header(Previous(old.header.first, old.size), self._signed.note)
            segment = begin_segment(self._place, header, self._clock.monotonic())
            self._settling.switch(segment)

    def repair(self) -> int:
        """Go on in a new segment that begins with what is not known to be on the disk.

        Returns:
            How many bytes at the end of the bad segment are not of the log, or not there.

        Raises:
            OSError: It cannot be begun yet.
        """
        bad = self._writer.segment
        self._settling.rescue()
        bad.trim()
        discarded = bad.path.stat().st_size - bad.synced_size
        self._hash()
        self._tree.save()
        if bad.header.first == self._tree.size:  # nothing of it is on the disk
            header, note = bad.header, self._signed.note
        else:
            note = self._note()
            header = self._header(Previous(bad.header.first, bad.synced_size), note)
        groups, now = self._settling.unsynced(), self._clock.monotonic()
        self._settling.adopt(replace_segment(self._place, header, groups, now))
        if note != self._signed.note:
            self._signed.publish(self._tree.size, note)
        return discarded

    def _note(self) -> bytes:
        size = self._tree.size
        if size == self._signed.size and self._signed.note:
            return self._signed.note
        return self._key.checkpoint(size, self._tree.root())

    def _hash(self) -> None:
        self._tree.add(body for group in self._settling.take() for body in group.bodies())

    def _header(self, previous: Previous, note: bytes) -> Header:
        tree = self._tree
        return Header(self._key.verifier.name, tree.size, tree.frontier, previous, note.decode())
