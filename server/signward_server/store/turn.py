"""Whose turn it is, among the processes that share a store in a file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from signward_server.core.errors import StoreUnavailable

__all__ = ["FileTurn"]

_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FileTurn:
    """Implements ``core.ports.Turn`` with ``flock(2)``, which ends with its process.

    Whoever takes the turn keeps it. The file stays behind; if somebody removes it, two
    processes can have the turn, and lose time over each other's changes, no more.

    Args:
        store: The store's file; the lock is a file beside it.
    """

    def __init__(self, store: Path) -> None:
        self._path = store.with_name(f"{store.name}.turn")
        self._descriptor: int | None = None

    def held(self) -> bool:
        """See ``core.ports.Turn.held``.

        Raises:
            StoreUnavailable: The file cannot be opened.
        """
        if self._descriptor is not None:
            return True
        try:
            descriptor = os.open(self._path, _OPEN, 0o600)
        except OSError as exc:
            raise StoreUnavailable from exc
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def close(self) -> None:
        """Leave the turn to others."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
