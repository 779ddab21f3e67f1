"""Removing old segments: sealed, covered by a checkpoint, and uploaded where that is asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from signward_server.audit.beginning import Place

__all__ = ["Keep", "Retention"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of a log is kept.

    Attributes:
        age: Seconds since a segment was written to last; 0 for however many.
        size: Bytes of all segments together; 0 for however many.
        uploaded: Whether a segment has to be uploaded before it is removed.
    """

    age: float = 0.0
    size: int = 0
    uploaded: bool = False


class Retention:
    """Removes what need not be kept, oldest first; the last segment always stays.

    The next segment's header holds the frontier of the tree before it, so that what is left
    still verifies.

    Args:
        place: The log.
        keep: What is kept.
        clock: Time in which a wall clock that is set ahead makes nothing older.
    """

    def __init__(self, place: Place, keep: Keep, now: Callable[[], float]) -> None:
        self._place = place
        self._keep = keep
        self._now = now

    def apply(self, signed: int, announce: Callable[[int], None]) -> None:
        """Remove what may go.

        Args:
            signed: Size of the last checkpoint.
            announce: Called before anything is removed, with the number of the oldest record
                that will be left; has that in the log, on the disk and signed, or raises.

        Raises:
            OSError: Something cannot be looked at, or not be removed.
        """
        if not self._keep.age and not self._keep.size:
            return
        going, oldest = self._going(signed)
        if not going:
            return
        announce(oldest)
        for first in going:
            self._remove(first)
        self._place.files.sync_folder(self._place.folder.path)

    def _going(self, signed: int) -> tuple[list[int], int]:
        """Return the segments that may go, and the number of the first record after them."""
        folder = self._place.folder
        segments = folder.segments()
        found = {first: folder.segment(first).stat() for first in segments}
        total = sum(status.st_size for status in found.values())
        going, oldest = [], 0
        for first, following in pairwise(segments):
            status = found[first]
            is_old = 0 < self._keep.age < self._now() - status.st_mtime
            is_much = 0 < self._keep.size < total
            if not (is_old or is_much) or following > signed:
                break
            if self._keep.uploaded and not folder.uploaded(first).exists():
                break
            going.append(first)
            total -= status.st_size
            oldest = following
        return going, oldest

    def _remove(self, first: int) -> None:
        """Remove a segment after its checkpoints: by itself it verifies, they do not."""
        folder, files = self._place.folder, self._place.files
        files.remove(folder.checkpoints(first))
        files.sync_folder(folder.path)
        files.remove(folder.segment(first))
        files.remove(folder.uploaded(first))  # last: what is there still was uploaded
        _log.info("an old segment of the audit log was removed", extra={"first": first})
