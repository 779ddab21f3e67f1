"""What the log asks of the file system, as a port, so that tests can let each of it fail."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

__all__ = ["Files", "SystemFiles", "write_all"]

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE = 0o600


class Files(Protocol):
    """A file system; every method raises ``OSError`` where it fails."""

    def create(self, path: Path) -> int:
        """Open a file that does not exist yet for appending, mode 0600."""
        ...

    def reopen(self, path: Path) -> int:
        """Open a file for appending; it is made if it is missing."""
        ...

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Append what can be; return how many bytes that was."""
        ...

    def sync(self, descriptor: int) -> None:
        """Bring a file's content and length to the disk (``fdatasync(2)``)."""
        ...

    def cut(self, path: Path, size: int) -> None:
        """Shorten or, with zeros, lengthen a file."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Give a file the name of another, which it replaces."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file; a missing one is fine."""
        ...

    def sync_folder(self, path: Path) -> None:
        """Bring the names in a folder to the disk."""
        ...

    def free(self, path: Path) -> int:
        """Return the bytes that this user may still fill on a path's file system."""
        ...


class SystemFiles:
    """The kernel's files; implements ``Files``."""

    def create(self, path: Path) -> int:
        """See ``Files``."""
        return os.open(path, _APPEND | os.O_CREAT | os.O_EXCL, _PRIVATE)

    def reopen(self, path: Path) -> int:
        """See ``Files``."""
        return os.open(path, _APPEND | os.O_CREAT, _PRIVATE)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """See ``Files``."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """See ``Files``."""
        os.fdatasync(descriptor)

    def cut(self, path: Path, size: int) -> None:
        """See ``Files``."""
        os.truncate(path, size)

    def rename(self, source: Path, target: Path) -> None:
        """See ``Files``."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """See ``Files``."""
        path.unlink(missing_ok=True)

    def sync_folder(self, path: Path) -> None:
        """See ``Files``."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def free(self, path: Path) -> int:
        """See ``Files``."""
        found = os.statvfs(path)
        return found.f_bavail * found.f_frsize


def write_all(files: Files, descriptor: int, data: bytes) -> None:
    """Append all of some bytes; a file system may take them in parts.

    Raises:
        OSError: It took less; how much is not known.
    """
    written = files.write(descriptor, data)
    rest = memoryview(data)
    while written < len(rest):
        rest = rest[written:]
        written = files.write(descriptor, rest)
        if not written:
            raise OSError("nothing was written")
