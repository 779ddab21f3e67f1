"""One process at a time: an exclusive lock that the kernel drops when its holder dies (S41)."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from signward_server.core.startup import HomeLocked

__all__ = ["FileLock"]

_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PID_BYTES = 20
_ATTEMPTS = 8


class FileLock:
    """Holds ``flock(2)`` on a file for the length of a ``with`` block.

    The file stays behind: removing it would let two holders lock two files of one name.

    Args:
        path: The lock file; made if it is missing.
        what: What it protects, for the error (``the home /srv/signward``).

    Raises:
        HomeLocked: On entry, when another process holds it or the file cannot be used.
    """

    def __init__(self, path: Path, what: str) -> None:
        self._path = path
        self._what = what
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        for _ in range(_ATTEMPTS):
            if self._taken():
                return self
        raise HomeLocked(f"{self._path} keeps changing", "find out who replaces it")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def _taken(self) -> bool:
        """Lock the file; return whether it is still the one of that name."""
        descriptor = self._opened()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = _pid_in(descriptor)
            os.close(descriptor)
            raise HomeLocked(
                f"{self._what} is in use by {holder}", "stop it first, or use another home"
            ) from exc
        if not self._same(descriptor):
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return True

    def _opened(self) -> int:
        try:
            descriptor = os.open(self._path, _OPEN, 0o600)
        except OSError as exc:
            raise HomeLocked(
                f"the lock {self._path} cannot be opened ({os.strerror(exc.errno or 0)})",
                "check that the folder exists and belongs to this user",
            ) from exc
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise HomeLocked(f"the lock {self._path} is not a regular file", "remove it")
        return descriptor

    def _same(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.lstat())
        except FileNotFoundError:
            return False


def _pid_in(descriptor: int) -> str:
    text = os.pread(descriptor, _PID_BYTES, 0).strip()
    return f"process {text.decode()}" if text.isdigit() else "another process"
