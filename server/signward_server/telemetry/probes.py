"""``/livez`` and ``/readyz`` over plain HTTP on loopback: one bit each, to anybody (S39).

``/metrics`` beside them is text that names no key and no identity.

One thread serves them all without ever waiting for a peer: silent and slow connections cost
a slot until their deadline or until a newer one needs it.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Check", "ProbeServer", "Render"]

Check = Callable[[], bool]
Render = Callable[[], bytes]

_CONNECTIONS = 32
_BACKLOG = 128
_DEADLINE = 2.0
_LARGEST_HEAD = 4096
_TICK = 0.5
_PAUSE = 0.05
_TEXT = "text/plain; charset=utf-8"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_END = (b"\r\n\r\n", b"\n\n")
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}
_Page = tuple[int, bytes, str]  # status, content, its type
_NO: _Page = (503, b"no\n", _TEXT)


@dataclass(slots=True, eq=False)
class _Peer:
    """A connection: what has come in, what is to go out, when it ends."""

    connection: socket.socket
    deadline: float
    head: bytearray = field(default_factory=bytearray)
    answer: bytes = b""


class ProbeServer:
    """Answers GET and HEAD of its pages; anything else is 400, 404 or 405.

    Args:
        address: Loopback IP address.
        port: 0 lets the system choose.
        live: Whether the process works at all.
        ready: Whether a signature could be made now.
        metrics: Gives the page ``/metrics``; without it there is none. All three must return
            quickly; what they raise counts as no.
    """

    def __init__(
        self, address: str, port: int, *, live: Check, ready: Check, metrics: Render | None = None
    ) -> None:
        self._where = (address, port)
        self._pages: dict[bytes, Callable[[], _Page]] = {
            b"/livez": lambda: _bit(live),
            b"/readyz": lambda: _bit(ready),
        }
        if metrics is not None:
            self._pages[b"/metrics"] = lambda: _metrics(metrics)
        self._peers: dict[socket.socket, _Peer] = {}
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._serve, name="probes", daemon=True)
        self._wake, self._waker = socket.socketpair()
        self._stopping = False
        self._listener: socket.socket | None = None

    def start(self) -> int:
        """Bind and serve; return the port.

        Raises:
            OSError: The address cannot be bound.
        """
        family = socket.AF_INET6 if ":" in self._where[0] else socket.AF_INET
        self._listener = socket.create_server(self._where, family=family, backlog=_BACKLOG)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._thread.start()
        return int(self._listener.getsockname()[1])

    def stop(self) -> None:
        """Close everything; does nothing if it was never started."""
        self._stopping = True
        self._waker.close()
        if self._thread.is_alive():
            self._thread.join()
        for part in (self._wake, self._selector, *([self._listener] if self._listener else ())):
            part.close()

    def _serve(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select(_TICK if self._peers else None):
                if key.fileobj is self._listener:
                    self._accept(self._listener)
                elif peer := self._peers.get(key.fileobj):  # type: ignore[call-overload]  # all sockets
                    self._advance(peer)
            now = time.monotonic()
            for peer in [peer for peer in self._peers.values() if peer.deadline <= now]:
                self._drop(peer)
        for peer in list(self._peers.values()):
            self._drop(peer)

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:  # it has gone already, or no descriptor is left: do not spin on it
            time.sleep(_PAUSE)
            return
        connection.setblocking(False)
        if len(self._peers) >= _CONNECTIONS:
            self._drop(next(iter(self._peers.values())))
        self._peers[connection] = _Peer(connection, time.monotonic() + _DEADLINE)
        self._selector.register(connection, selectors.EVENT_READ)

    def _advance(self, peer: _Peer) -> None:
        try:
            if not peer.answer and not self._received(peer):
                return
            sent = peer.connection.send(peer.answer)
        except BlockingIOError:
            return
        except OSError:
            self._drop(peer)
            return
        peer.answer = peer.answer[sent:]
        if not peer.answer:
            self._drop(peer)

    def _received(self, peer: _Peer) -> bool:
        """Read on; return whether there is an answer to send."""
        data = peer.connection.recv(_LARGEST_HEAD)
        peer.head += data
        if any(end in peer.head for end in _END):
            peer.answer = self._answer(bytes(peer.head))
        elif not data or len(peer.head) >= _LARGEST_HEAD:
            peer.answer = _response(400, b"bad request\n")
        else:
            return False
        self._selector.modify(peer.connection, selectors.EVENT_WRITE)
        return True

    def _answer(self, head: bytes) -> bytes:
        words = head.splitlines()[0].split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):  # noqa: PLR2004  # RFC 9112, 3
            return _response(400, b"bad request\n")
        method, target, _ = words
        page = self._pages.get(target.partition(b"?")[0])
        if page is None:
            return _response(404, b"not found\n")
        if method not in (b"GET", b"HEAD"):
            return _response(405, b"GET or HEAD\n", "Allow: GET, HEAD\r\n")
        status, content, kind = page()
        return _response(status, content, kind=kind, body=method == b"GET")

    def _drop(self, peer: _Peer) -> None:
        del self._peers[peer.connection]
        self._selector.unregister(peer.connection)
        with contextlib.suppress(OSError):
            peer.connection.shutdown(socket.SHUT_WR)
        peer.connection.close()


def _bit(check: Check) -> _Page:
    try:
        passes = check()
    except Exception:  # noqa: BLE001  # outermost boundary: a check that fails is a no
        passes = False
    return (200, b"ok\n", _TEXT) if passes else _NO


def _metrics(render: Render) -> _Page:
    try:
        return 200, render(), _METRICS
    except Exception:  # noqa: BLE001  # outermost boundary: the probes must go on
        return _NO


def _response(
    status: int, content: bytes, header: str = "", *, kind: str = _TEXT, body: bool = True
) -> bytes:
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\n"
        f"Content-Type: {kind}\r\n"
        "Cache-Control: no-store\r\n"
        f"Content-Length: {len(content)}\r\n"
        f"{header}Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + (content if body else b"")
