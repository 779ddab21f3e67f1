"""Files and folders of a home: made with their mode, never replaced."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["make_folder", "sync_folder", "write_new"]

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that does not exist yet; it is on disk when this returns.

    Args:
        path: Where.
        data: All of its content.
        mode: Its mode, whatever the umask is.

    Raises:
        FileExistsError: It exists.
        OSError: It cannot be written; what there is of it is removed.
    """
    descriptor = os.open(path, _CREATE, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  # a descriptor, not a path
            file.write(data)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
    except BaseException:
        path.unlink()
        raise


def make_folder(path: Path, mode: int) -> None:
    """Make a folder that does not exist yet, with its mode whatever the umask is.

    Raises:
        OSError: It exists or cannot be made.
    """
    path.mkdir(mode=0o700)
    path.chmod(mode)


def sync_folder(path: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
