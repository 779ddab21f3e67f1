"""What lies in the folder of a log, and under which names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DRAFT", "Folder", "UPLOADED"]

DRAFT = ".new"
"""Ending of a segment's draft, which takes its name when it is complete."""

UPLOADED = ".uploaded"
"""Ending of the empty file that says that a segment has been uploaded."""

_DIGITS = 20
_is_segment = re.compile(rf"([0-9]{{{_DIGITS}}})\.log").fullmatch
_is_beside = re.compile(rf"([0-9]{{{_DIGITS}}})\.(?:checkpoints|uploaded)").fullmatch


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of a log.

    Attributes:
        path: The folder, absolute.
    """

    path: Path

    def segment(self, first: int) -> Path:
        """Return the path of the segment whose first record has this number."""
        return self.path / f"{first:0{_DIGITS}}.log"

    def checkpoints(self, first: int) -> Path:
        """Return the path of the checkpoints beside that segment."""
        return self.path / f"{first:0{_DIGITS}}.checkpoints"

    def draft(self, first: int) -> Path:
        """Return where a segment is put together that replaces a bad one."""
        return self.path / f"{first:0{_DIGITS}}.log{DRAFT}"

    def uploaded(self, first: int) -> Path:
        """Return the path of the file that says that a segment has been uploaded."""
        return self.path / f"{first:0{_DIGITS}}{UPLOADED}"

    @property
    def hashes(self) -> Path:
        """The stored hashes of the tree."""
        return self.path / "hashes"

    def segments(self) -> list[int]:
        """Return the numbers of the first records of all segments, rising.

        Raises:
            OSError: The folder cannot be read.
        """
        found = (_is_segment(path.name) for path in self.path.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def drafts(self) -> list[Path]:
        """Return what was left of segments that were never complete."""
        return sorted(self.path.glob(f"*.log{DRAFT}"))

    def beside(self) -> dict[Path, int]:
        """Return the files that belong to segments, with the segments' numbers."""
        found = ((path, _is_beside(path.name)) for path in self.path.iterdir())
        return {path: int(match[1]) for path, match in found if match}
