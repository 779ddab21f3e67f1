"""A thread that does something again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from signward_server.core.unexpected import unexpected

__all__ = ["Rounds"]

_STOP_TIMEOUT = 3.0  # seconds


class Rounds:
    """Calls ``work`` every so often, and at once when it is woken. Begins with ``start``.

    Args:
        name: Of the thread.
        interval: Seconds between two rounds.
        work: A round.
    """

    def __init__(self, name: str, interval: float, work: Callable[[], None]) -> None:
        self._interval = interval
        self._work = work
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Have a round now."""
        self._wake.set()

    def stop(self) -> None:
        """End after the round that is under way, and wait for that."""
        self._stopped = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_TIMEOUT)

    def _run(self) -> None:
        while not self._stopped:
            self._wake.wait(self._interval)
            self._wake.clear()
            try:
                self._work()
            except Exception as error:  # noqa: BLE001  # the thread must outlive a bad round
                unexpected(error)
