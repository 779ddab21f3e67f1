"""Reading files that somebody has put there: none that block, none that others can change."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["FileRefused", "exposures", "opened", "read_opened", "read_plain"]

# A pipe must not block, and a terminal not become ours.
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class FileRefused(Exception):  # noqa: N818  # it is not always an error of the file
    """A file is not what may be read here.

    Args:
        text: What is wrong with it.
        fix: What to do, starting in lower case.
    """

    def __init__(self, text: str, fix: str) -> None:
        super().__init__(f"{text}; {fix}")
        self.text = text
        self.fix = fix


@contextmanager
def opened(path: Path, *, links: bool = True) -> Iterator[int]:
    """Yield the descriptor of a regular file, open for reading.

    Args:
        path: Where it is.
        links: Whether it may be a symbolic link.

    Raises:
        FileRefused: It is a pipe, a socket or a device.
        OSError: It cannot be opened, or is a folder.
    """
    descriptor = os.open(path, _OPEN if links else _OPEN | os.O_NOFOLLOW)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise FileRefused("is not a regular file", "remove it")
        yield descriptor
    finally:
        os.close(descriptor)


def read_plain(path: Path, largest: int, *, guarded: bool = False, links: bool = True) -> bytes:
    """Return what a regular file holds, cut off one byte after ``largest``.

    Args:
        path: Where it is.
        largest: Bytes that it should have at most.
        guarded: Whether to refuse what others can change; see ``exposures``.
        links: Whether it may be a symbolic link.

    Raises:
        FileRefused: It is not regular, or exposed.
        OSError: It cannot be read.
    """
    with opened(path, links=links) as descriptor:
        return read_opened(descriptor, path, largest, guarded=guarded)


def read_opened(descriptor: int, path: Path, largest: int, *, guarded: bool = False) -> bytes:
    """Return what an ``opened`` file holds; the rest as ``read_plain``."""
    if guarded:
        for text, fix in exposures(descriptor, path):
            raise FileRefused(text, fix)
    with open(descriptor, "rb", closefd=False) as file:
        return file.read(largest + 1)


def exposures(place: int | Path, path: Path) -> Iterator[tuple[str, str]]:
    """Yield why others than this user and root can change a file, or what is in a folder.

    On a file system that is mounted read-only nobody can.

    Args:
        place: A descriptor of it, or its path.
        path: Its path, for the advice.

    Yields:
        What is wrong, and what to do about it.

    Raises:
        OSError: It cannot be looked at.
    """
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        return
    found = os.stat(place)  # noqa: PTH116  # may be a descriptor
    if found.st_mode & _OTHERS_WRITE:
        mode = stat.S_IMODE(found.st_mode)
        yield f"has mode {mode:04o}, so that others can change it", f"run: chmod go-w {path}"
    if found.st_uid not in (0, os.geteuid()):
        yield "belongs to another user, who can change it", "make it this user's, or root's"
