"""One writer at a time, and how writing has gone lately."""

from __future__ import annotations

import threading
from types import TracebackType

from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Clock

__all__ = ["Writing"]

_DOUBT_S = 5.0
_PATIENCE_S = 0.5


class Writing:
    """A lock around everything that writes to the store.

    A full disk may still take a small write and refuse the next larger one, so health
    goes by what happened to real writes, and not by a probe alone.

    Args:
        clock: Dates failures.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed_at: float | None = None

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._failed_at = None
        elif issubclass(kind, StoreUnavailable):
            self._failed_at = self._clock.monotonic()
        self._lock.release()

    @property
    def doubtful(self) -> bool:
        """Whether the last write failed within the last seconds."""
        failed_at = self._failed_at
        return failed_at is not None and self._clock.monotonic() - failed_at < _DOUBT_S

    def patiently(self) -> bool:
        """Take the lock for a probe, if it comes free soon; return whether it is held."""
        return self._lock.acquire(timeout=_PATIENCE_S)

    def release(self) -> None:
        """Give the lock of a probe back."""
        self._lock.release()
