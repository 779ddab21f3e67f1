"""What lies in the folder of a log, and under which names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from signward.audit.segments import (
    HASHES_NAME,
    SEGMENT_SUFFIX,
    checkpoints_name,
    first_of_name,
    segment_name,
)

__all__ = ["DRAFT", "UPLOADED", "Folder"]

DRAFT = ".new"
"""Ending of a segment's draft, which takes its name when it is complete."""

UPLOADED = ".uploaded"
"""Ending of the empty file that says that a segment has been uploaded."""

_CUTS = "cuts.json"
_is_beside = re.compile(r"([0-9]{20})\.(?:checkpoints|uploaded)", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of a log.

    Attributes:
        path: The folder, absolute.
    """

    path: Path

    def segment(self, first: int) -> Path:
        """Return the path of the segment whose first record has this number."""
        return self.path / segment_name(first)

    def checkpoints(self, first: int) -> Path:
        """Return the path of the checkpoints beside that segment."""
        return self.path / checkpoints_name(first)

    def draft(self, first: int) -> Path:
        """Return where a segment is put together that replaces a bad one."""
        return self.path / (segment_name(first) + DRAFT)

    def uploaded(self, first: int) -> Path:
        """Return the path of the file that says that a segment has been uploaded."""
        return self.segment(first).with_suffix(UPLOADED)

    @property
    def hashes(self) -> Path:
        """The stored hashes of the tree."""
        return self.path / HASHES_NAME

    @property
    def cuts(self) -> Path:
        """What recovery has cut and no record tells of yet."""
        return self.path / _CUTS

    @property
    def cuts_draft(self) -> Path:
        """Where that is put together."""
        return self.path / (_CUTS + DRAFT)

    def segments(self) -> list[int]:
        """Return the numbers of the first records of all segments, rising.

        Raises:
            OSError: The folder cannot be read.
        """
        names = [path.name for path in self.path.iterdir() if path.suffix == SEGMENT_SUFFIX]
        return sorted(first for name in names if (first := first_of_name(name)) is not None)

    def drafts(self) -> list[Path]:
        """Return what was left of segments that were never complete."""
        return sorted(self.path.glob(f"*{SEGMENT_SUFFIX}{DRAFT}"))

    def beside(self) -> dict[Path, int]:
        """Return the files that belong to segments, with the segments' numbers."""
        found = ((path, _is_beside(path.name)) for path in self.path.iterdir())
        return {path: int(match[1]) for path, match in found if match}
