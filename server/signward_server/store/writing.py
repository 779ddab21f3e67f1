"""One writer at a time, and how writing has gone lately."""

from __future__ import annotations

import threading
from types import TracebackType

from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Clock

__all__ = ["Writing"]

_DOUBT_S = 5.0
_PATIENCE_S = 0.5
_LONG_S = 5.0  # what a write may take on a slow disk


class Writing:
    """A lock around everything that writes to the store.

    A full disk may still take a small write and refuse the next larger one, so health
    goes by what happened to real writes, and not by a probe alone.

    Args:
        clock: Dates failures.
        doubt: For how many seconds a failed write is a reason not to believe a probe.
    """

    def __init__(self, clock: Clock, doubt: float = _DOUBT_S) -> None:
        self._clock = clock
        self._doubt = doubt
        self._lock = threading.Lock()
        self._failed_at: float | None = None
        self._succeeded_at = -_LONG_S
        self._begun_at: float | None = None

    def __enter__(self) -> None:
        self._lock.acquire()
        self._begun_at = self._clock.monotonic()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._begun_at = None
        if kind is None:
            self._failed_at = None
            self._succeeded_at = self._clock.monotonic()
        elif issubclass(kind, StoreUnavailable):
            self._failed_at = self._clock.monotonic()
        self._lock.release()

    @property
    def doubtful(self) -> bool:
        """Whether the last write failed a short while ago."""
        failed_at = self._failed_at
        return failed_at is not None and self._clock.monotonic() - failed_at < self._doubt

    @property
    def age(self) -> float:
        """Seconds since a write last succeeded."""
        return self._clock.monotonic() - self._succeeded_at

    @property
    def under_way(self) -> bool:
        """Whether a write has begun that may still be done in good time."""
        begun_at = self._begun_at
        return begun_at is not None and self._clock.monotonic() - begun_at < _LONG_S

    def patiently(self) -> bool:
        """Take the lock for a probe, if it comes free soon; return whether it is held."""
        return self._lock.acquire(timeout=_PATIENCE_S)

    def release(self) -> None:
        """Give the lock of a probe back."""
        self._lock.release()
