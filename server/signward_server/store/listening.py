"""Being told of changes by PostgreSQL (LISTEN/NOTIFY)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import psycopg

__all__ = ["CHANNEL", "Listening"]

CHANNEL = "signward"
"""What whoever changes keys or API keys notifies, in the same transaction."""

_PATIENCE_S = 0.5  # after which it looks whether it should stop, and whether it still hears
_AGAIN_S = 0.25  # after a connection that was lost or refused
_log = logging.getLogger(__name__)


class Listening:
    """Implements ``News`` on a connection of its own, made anew when it is lost.

    Args:
        connect: Makes the connection; its statements commit by themselves.
        heard: Called from a thread of its own at each change, and after each connection,
            since changes may have been missed before it.
    """

    def __init__(
        self, connect: Callable[[], psycopg.Connection[Any]], heard: Callable[[], None]
    ) -> None:
        self._connect = connect
        self._heard = heard
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-news", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """See ``News.close``."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        deaf = False
        while not self._stopped.is_set():
            try:
                self._listen()
            except psycopg.Error:
                if not deaf:
                    _log.warning("nobody tells of changes of the store: it is asked instead")
                deaf = True
                self._stopped.wait(_AGAIN_S)
            else:
                deaf = False

    def _listen(self) -> None:
        """Listen until it is closed or nothing can be heard any more."""
        with self._connect() as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._heard()
            while not self._stopped.is_set():
                told = False
                for _ in connection.notifies(timeout=_PATIENCE_S, stop_after=1):
                    told = True
                if told:
                    self._heard()
                else:
                    connection.execute("SELECT 1")
