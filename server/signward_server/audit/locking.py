"""One writer for a log: two would put their records into each other's."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signward_server.core.startup import AuditRefused

__all__ = ["locked"]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a log's folder for the length of a block.

    Raises:
        AuditRefused: Another process holds it, or there is no such folder.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise AuditRefused(
            f"the folder of the audit log, {folder}, cannot be opened "
            f"({os.strerror(exc.errno or 0)})",
            "put it back, or begin a log with `signward audit init`",
        ) from exc
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise AuditRefused(
                f"the audit log in {folder} is in use by another process",
                "stop that one first; each daemon has a log of its own",
            ) from exc
        yield
    finally:
        os.close(descriptor)
