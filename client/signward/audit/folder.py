"""The folder of a log: which files are in it, and their bytes."""

from __future__ import annotations

import errno
import mmap
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from signward.audit.framing import Buffer
from signward.audit.segments import (
    CHECKPOINTS_SUFFIX,
    HASHES_NAME,
    checkpoints_name,
    first_of_name,
    segment_name,
)

__all__ = ["LogFolder", "list_folder", "mapped"]

# Drafts, marks of uploads, and cuts to be recorded: the daemon's own, and no evidence. The list of
# logs and the others in it are judged apart from the first one.
_BESIDE = re.compile(
    r"[0-9]{20}\.(?:log\.new|uploaded)|cuts\.json(?:\.new)?"
    r"|logs(?:\.lock)?|\.logs\.new|worker-[1-9][0-9]{0,3}|\.worker-[1-9][0-9]{0,3}-draft",
    re.ASCII,
)
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class LogFolder:
    """What a folder holds.

    Attributes:
        path: The folder.
        segments: First sequences of its segments, ascending.
        checkpoints: First sequences of its files of checkpoints, ascending.
        has_hashes: Whether hashes are stored.
        others: Names of everything else, sorted.
    """

    path: Path
    segments: tuple[int, ...]
    checkpoints: tuple[int, ...]
    has_hashes: bool
    others: tuple[str, ...]

    def segment(self, first: int) -> Path:
        """Return the path of a segment."""
        return self.path / segment_name(first)

    def checkpoints_of(self, first: int) -> Path:
        """Return the path of the checkpoints beside a segment."""
        return self.path / checkpoints_name(first)

    @property
    def hashes(self) -> Path:
        """The path of the stored hashes."""
        return self.path / HASHES_NAME


def list_folder(path: Path) -> LogFolder:
    """Look what is in a folder.

    Raises:
        OSError: It cannot be listed.
    """
    segments, checkpoints, others = [], [], []
    names = set(os.listdir(path))  # noqa: PTH208 -- names are all that is wanted
    for name in names - {HASHES_NAME}:
        first = first_of_name(name)
        if first is None:
            if not _BESIDE.fullmatch(name):
                others.append(name)
        elif name.endswith(CHECKPOINTS_SUFFIX):
            checkpoints.append(first)
        else:
            segments.append(first)
    return LogFolder(
        path,
        tuple(sorted(segments)),
        tuple(sorted(checkpoints)),
        HASHES_NAME in names,
        tuple(sorted(others)),
    )


@contextmanager
def mapped(path: Path) -> Iterator[Buffer]:
    """Yield the bytes of a regular file, as long as it is now, mapped into memory.

    Raises:
        OSError: It cannot be read, or is not a regular file.
    """
    descriptor = os.open(path, _OPEN)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        if status.st_size == 0:
            yield b""
            return
        with mmap.mmap(descriptor, status.st_size, access=mmap.ACCESS_READ) as data:
            yield data
    finally:
        os.close(descriptor)
