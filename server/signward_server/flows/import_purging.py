"""Forgetting imports that nobody has used in time."""

from __future__ import annotations

from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Clock, Imports

__all__ = ["ImportPurging"]

_LONGEST = 60.0  # seconds: other processes make imports too


class ImportPurging:
    """Deletes wrapping keys soon after their end; they are of no use from then on anyway.

    Args:
        imports: Where they are kept.
        clock: When to look again.
    """

    def __init__(self, imports: Imports, clock: Clock) -> None:
        self._imports = imports
        self._clock = clock
        self._next = 0.0

    def look(self) -> None:
        """Delete what has ended, unless it is too early to look; to be called each second."""
        now = self._clock.monotonic()
        if now < self._next:
            return
        try:
            wait = self._imports.purge()
        except StoreUnavailable:
            wait = None
        self._next = now + (_LONGEST if wait is None else min(wait, _LONGEST))
