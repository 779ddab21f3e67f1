"""Waiting for records that are yet to be written."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Arrivals"]


class Arrivals:
    """Lets readers wait, at no cost to those who write while nobody does.

    Attributes:
        watchers: How many wait.
    """

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self.watchers = 0

    def tell(self) -> None:
        """Have those who wait look again; called after a write if there are ``watchers``."""
        with self._arrived:
            self._arrived.notify_all()

    def wait(self, is_there: Callable[[], bool], timeout: float) -> bool:
        """Wait for at most ``timeout`` seconds until something is there; return whether it is."""
        with self._arrived:
            self.watchers += 1
            try:
                return self._arrived.wait_for(is_there, timeout)
            finally:
                self.watchers -= 1
