"""A thread that keeps the horizon ahead, so that nobody who signs waits for the store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from signward_server.core.unexpected import unexpected

__all__ = ["Renewal"]

_INTERVAL_S: Final = 0.4


class Renewal:
    """Renews until it is stopped.

    Args:
        renew: What is done again and again.
    """

    def __init__(self, renew: Callable[[], None]) -> None:
        self._renew = renew
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nonces", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it does so."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop, and wait for the end."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_INTERVAL_S):
            try:
                self._renew()
            except Exception as error:  # noqa: BLE001  # it must go on, whatever came
                unexpected(error)
