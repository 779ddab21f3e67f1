"""Files that are replaced as a whole."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["replace_file"]

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file as a whole, down to the disk: after a crash it is the old or the new one.

    Raises:
        OSError: It could not be written.
    """
    passing = path.with_name(f".{path.name}.new")
    passing.unlink(missing_ok=True)  # of a process that was killed here
    descriptor = os.open(passing, _CREATE, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    passing.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
