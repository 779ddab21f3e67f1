"""Looking for changes again and again, where nobody tells of them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import Engine, text

from signward_server.core.errors import StoreUnavailable
from signward_server.store.driver import DriverSession, DriverStatement

__all__ = ["Polling"]

_EVERY_S = 0.02
_READ = text("SELECT value FROM meta WHERE name = 'version'")


class Polling:
    """Implements ``News`` by reading the store's version.

    Args:
        engine: Each of its statements commits by itself.
        heard: Called from a thread of its own when the version is another one.
    """

    def __init__(self, engine: Engine, heard: Callable[[], None]) -> None:
        self._session = DriverSession(engine)
        self._read = DriverStatement(engine, _READ)
        self._heard = heard
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-news", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """See ``News.close``."""
        self._stopped.set()
        self._thread.join()
        self._session.close()

    def _run(self) -> None:
        seen = None
        while not self._stopped.wait(_EVERY_S):
            found = self._version()
            if found != seen:
                seen = found
                self._heard()

    def _version(self) -> object:
        try:
            return self._session.first(self._read, {})
        except StoreUnavailable:
            return None  # whoever confirms the store finds out by itself
