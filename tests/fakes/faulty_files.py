"""Files that fail when a test says so."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from signward_server.audit.files import SystemFiles

__all__ = ["FaultyFiles", "UnsyncedFiles"]


class FaultyFiles(SystemFiles):
    """Implements ``audit.files.Files``: those of the kernel, with faults.

    Attributes:
        faults: Names of the methods that fail, with the error number.
        room: Bytes that may still be written, ``None`` for no bound; the write that exceeds
            it takes what fits, and the next one fails with ENOSPC.
        calls: How often each method was called.
        before: Called with the name of each method first.
    """

    def __init__(self) -> None:
        self.faults: dict[str, int] = {}
        self.room: int | None = None
        self.calls: dict[str, int] = {}
        self.space = 2**40
        self.before: Callable[[str], None] = lambda _: None

    def _enter(self, name: str) -> None:
        self.calls[name] = self.calls.get(name, 0) + 1
        self.before(name)
        if (number := self.faults.get(name)) is not None:
            raise OSError(number, os.strerror(number))

    def create(self, path: Path) -> int:
        self._enter("create")
        return super().create(path)

    def reopen(self, path: Path) -> int:
        self._enter("reopen")
        return super().reopen(path)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        self._enter("write")
        if self.room is None:
            return super().write(descriptor, data)
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = super().write(descriptor, data[: self.room])
        self.room -= written
        return written

    def sync(self, descriptor: int) -> None:
        self._enter("sync")
        super().sync(descriptor)

    def cut(self, path: Path, size: int) -> None:
        self._enter("cut")
        super().cut(path, size)

    def rename(self, source: Path, target: Path) -> None:
        self._enter("rename")
        super().rename(source, target)

    def remove(self, path: Path) -> None:
        self._enter("remove")
        super().remove(path)

    def sync_folder(self, path: Path) -> None:
        self._enter("sync_folder")
        super().sync_folder(path)

    def free(self, path: Path) -> int:
        self._enter("free")
        return self.space


class UnsyncedFiles(SystemFiles):
    """Implements ``audit.files.Files`` for tests that open a log very often: nothing is synced."""

    def sync(self, descriptor: int) -> None:
        pass

    def sync_folder(self, path: Path) -> None:
        pass
