"""How long to wait before a worker that has ended is started again."""

from __future__ import annotations

__all__ = ["Backoff"]

_FIRST = 0.1  # seconds
_LONGEST = 30.0
_HEALTHY = 60.0  # seconds after which what was before is forgotten


class Backoff:
    """Waits twice as long each time, from 0.1 s to 30 s, until a worker has lived for a minute."""

    def __init__(self) -> None:
        self._next = _FIRST

    def after(self, lived: float) -> float:
        """Return the seconds to wait.

        Args:
            lived: For how many seconds it was ready before it ended; 0 if it never was.
        """
        if lived >= _HEALTHY:
            self._next = _FIRST
        delay, self._next = self._next, min(2 * self._next, _LONGEST)
        return delay
