"""A network that goes silent: connections stay open, and nothing comes through."""

from __future__ import annotations

import selectors
import socket
import threading
from pathlib import Path
from typing import Self

__all__ = ["HangingProxy"]

_PIECE = 2**16
_TICK_S = 0.02


class HangingProxy:
    """Passes on what goes between clients of a Unix socket and a server, while it is open.

    Args:
        path: Socket to listen on.
        server: The server's socket.
    """

    def __init__(self, path: Path, server: Path) -> None:
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._silent = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        for each in (self._listener, *self._pairs):
            each.close()

    def hang(self) -> None:
        """Let nothing through any more."""
        self._silent.set()

    def resume(self) -> None:
        """Let through what has come meanwhile, and everything from now on."""
        self._silent.clear()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._stopped.is_set():
                if self._silent.is_set():
                    self._stopped.wait(_TICK_S)
                    continue
                for key, _ in selector.select(_TICK_S):
                    assert isinstance(key.fileobj, socket.socket)
                    self._pass_on(selector, key.fileobj)

    def _pass_on(self, selector: selectors.BaseSelector, ready: socket.socket) -> None:
        if ready is self._listener:
            client, _ = ready.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            self._pairs |= {client: server, server: client}
            for each in (client, server):
                selector.register(each, selectors.EVENT_READ)
            return
        other = self._pairs.get(ready)
        if other is None:
            return  # its other end has just gone
        try:
            piece = ready.recv(_PIECE)
            other.sendall(piece)
        except OSError:
            piece = b""
        if not piece:
            for each in (ready, other):
                selector.unregister(each)
                del self._pairs[each]
                each.close()
