"""Keeps calls from waiting for a storage that does not answer, until it answers again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from signward_server.core.ports import Clock, Event, Level, Meter

__all__ = ["Breaker"]


class Breaker:
    """Whether a storage is worth asking.

    After a failure nobody asks; a thread of its own tries at each interval and, when there is
    an answer, lets everybody ask again.

    Args:
        answers: Tries it; returns whether it works.
        interval: Seconds between two tries.
        patience: Seconds that a try may take.
        clock: Says when the next try is due.
        meter: Told of each failure, and whether the storage works.
    """

    def __init__(
        self,
        answers: Callable[[], bool],
        *,
        interval: float,
        patience: float,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._answers = answers
        self._interval = interval
        self._patience = patience
        self._now = clock.monotonic
        self._meter = meter
        self._log = structlog.get_logger(__name__)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._next = 0.0
        self._works = True
        meter.level(Level.LIMIT_STORAGE_UP, 1)

    @property
    def works(self) -> bool:
        """Whether to ask the storage."""
        return self._works

    @property
    def retry_after(self) -> float:
        """Seconds until the next try has ended."""
        return max(self._next - self._now(), 0.0) + self._patience

    def failed(self) -> None:
        """Say that the storage has not answered."""
        self._meter.count(Event.LIMIT_STORAGE_FAILED)
        with self._lock:
            if not self._works or self._stopping.is_set():
                return
            self._works = False
            self._next = self._now() + self._interval
            self._meter.level(Level.LIMIT_STORAGE_UP, 0)
            self._thread = threading.Thread(target=self._try, name="limit-storage", daemon=True)
            self._thread.start()
        self._log.error("limit storage fails")

    def close(self) -> None:
        """Try no more."""
        self._stopping.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _try(self) -> None:
        while not self._stopping.wait(self._interval):
            self._next = self._now() + self._interval
            if self._answers():
                break
            self._meter.count(Event.LIMIT_STORAGE_FAILED)
        else:
            return
        with self._lock:
            self._works = True
            self._meter.level(Level.LIMIT_STORAGE_UP, 1)
        self._log.info("limit storage works again")
