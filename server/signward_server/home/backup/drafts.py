"""Folders for what is not complete yet: gone at the end, however the end came."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

__all__ = ["draft_folder"]

_PREFIX: Final = ".signward-draft-"
_OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def draft_folder(place: Path) -> Iterator[Path]:
    """Make a private folder in another one for the length of a block.

    What a process that was killed has left of such a folder is removed by the next one. A
    lock tells those apart that somebody still works in.

    Raises:
        OSError: It cannot be made.
    """
    _sweep(place)
    folder, descriptor = _made(place)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _made(place: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        with suppress(FileNotFoundError):  # it was swept away before it was locked
            descriptor = os.open(folder, _OPEN)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is(folder, descriptor):
                return folder, descriptor
            os.close(descriptor)


def _sweep(place: Path) -> None:
    for folder in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody else's, or gone
            descriptor = os.open(folder, _OPEN)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(descriptor)


def _is(folder: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(folder.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
