"""Whether the thread that all connections are served by still serves.

grpcio has one thread that waits for events, for a second at most, and after each looks at
whether its server was let go of. That look is noted here, so that a thread that has died or
hangs is seen without a connection. As ``rpc.early`` this takes names that grpcio does not
promise; where they are not as they must be only death is seen.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import grpc
from grpc import _server

__all__ = ["Heartbeat", "supported"]

_LOOK = "server_deallocated"
_LONGEST_SILENCE = 10.0  # seconds; ten times what grpcio waits


def supported(server: Any = _server) -> bool:  # noqa: ANN401  # a module, or a test's stand-in
    """Return whether grpcio's serving thread looks where it is watched."""
    serve = getattr(server, "_serve", None)
    state = getattr(server, "_ServerState", None)
    return serve is not None and state is not None and _LOOK in serve.__code__.co_names


class Heartbeat:
    """Watches one server.

    Args:
        server: A server that has not been started.
    """

    def __init__(self, server: grpc.Server) -> None:
        self._server: Any = server
        self._thread: threading.Thread | None = None
        self._watched = supported()

    def start(self) -> None:
        """Start the server, and know its thread."""
        if self._watched:
            state = self._server._state
            state.seen = time.monotonic()
            state.__class__ = _WatchedState
        before = set(threading.enumerate())
        self._server.start()
        serving = [
            thread
            for thread in threading.enumerate()
            if thread not in before and getattr(thread, "_target", None) is _server._serve
        ]
        self._thread = serving[0] if serving else None

    @property
    def beats(self) -> bool:
        """Whether the thread runs and has looked within the last seconds."""
        if self._thread is None or not self._thread.is_alive():
            return False
        return not self._watched or time.monotonic() - self.seen < _LONGEST_SILENCE

    @property
    def seen(self) -> float:
        """Monotonic seconds at which the thread last looked."""
        seen: float = self._server._state.seen
        return seen


class _WatchedState(_server._ServerState):
    """grpcio's state of a server, which notes when the serving thread looks at it."""

    seen: float

    @property
    def server_deallocated(self) -> bool:
        """Whether the server was let go of, as grpcio has it."""
        self.seen = time.monotonic()
        let_go: bool = self.__dict__[_LOOK]
        return let_go

    @server_deallocated.setter
    def server_deallocated(self, value: bool) -> None:
        self.__dict__[_LOOK] = value
