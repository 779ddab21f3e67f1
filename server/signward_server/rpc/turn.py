"""One at a time for what computes long: the interpreter runs one thread at once anyway.

Threads that all compute take the interpreter from each other every half millisecond, and each
finds the processor's caches full of another's work. Four batches of 64 at a time took a quarter
longer than the same four one after the other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Turn"]


class Turn:
    """Whose turn it is.

    Args:
        patience: Seconds after which whoever waits goes on without: a turn makes things
            faster, and nothing rests on it.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._lock = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn and have it until the end of the block."""
        is_mine = self._lock.acquire(timeout=self._patience)
        try:
            yield
        finally:
            if is_mine:
                self._lock.release()
