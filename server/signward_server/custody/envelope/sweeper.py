"""A thread that wipes expired keys although nobody signs."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Final

__all__ = ["Sweeper"]

# The clock counts suspended time and waiting does not: look again at least this often.
_LONGEST_WAIT: Final = 1.0
# One look costs some 0.1 us a key: not more often than this.
_SHORTEST_WAIT: Final = 0.25
_STOP_TIMEOUT: Final = 5.0


class Sweeper:
    """Calls ``sweep`` whenever it is due. Starts with its construction.

    Args:
        sweep: Does the work; returns seconds until it has more to do, ``None`` if nothing
            is waiting.
    """

    def __init__(self, sweep: Callable[[], float | None]) -> None:
        self._sweep = sweep
        self._wake = threading.Event()
        self._waiting = math.inf
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="unlock-sweeper", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def expect(self, seconds: float) -> None:
        """Look again in so many seconds at the latest, give or take a quarter of one."""
        if seconds < self._waiting:
            self._wake.set()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopped = True
        self._wake.set()
        self._thread.join(_STOP_TIMEOUT)

    def _run(self) -> None:
        while not self._stopped:
            # Infinite before the look: what comes up after it wakes the thread.
            self._waiting = math.inf
            due = self._sweep()
            if due is not None:
                self._waiting = min(max(due, _SHORTEST_WAIT), _LONGEST_WAIT)
            self._wake.wait(None if due is None else self._waiting)
            self._wake.clear()
