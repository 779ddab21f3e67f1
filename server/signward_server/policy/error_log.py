"""Says in the log that policies err, but not once for each item of a batch."""

from __future__ import annotations

import logging

from signward_server.core.ports import Clock

__all__ = ["ErrorLog"]

_log = logging.getLogger(__name__)

_PAUSE = 1.0  # seconds


class ErrorLog:
    """At most one line of an action in a second, with how many there were since the last.

    The metric counts each one; what came after the last line is said with the next.

    Args:
        clock: Its monotonic time is what counts.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next: dict[str, float] = {}
        self._since: dict[str, int] = {}

    def add(self, action: str) -> None:
        """Count one; actions must be few, since each is remembered."""
        count = self._since.get(action, 0) + 1
        now = self._clock.monotonic()
        if now < self._next.get(action, now):
            self._since[action] = count
            return
        self._next[action] = now + _PAUSE
        self._since[action] = 0
        _log.error("a policy could not be evaluated", extra={"action": action, "count": count})
