"""How a server leaves ports that others go on to serve, without a call that fails.

gRPC's own end is not enough. It closes the listener, and the kernel resets the connections that
wait in its queue. It tells callers to go away (GOAWAY), and cancels calls that they have sent
before they read that. Both are gone if nothing comes in while it ends:

1. Whoever begins a connection now is not heard (``TURN_AWAY``), and comes again a second later:
   then the kernel leads it to another server's listener. The queue drains; the listener closes.
2. When all calls are answered, nothing more is taken from connections (``HOLD_DATA``).
3. If still no call is in hand, gRPC ends: its last GOAWAY says which calls it has seen. Callers
   make all others again on a new connection, by themselves, as HTTP/2 has it (RFC 9113, section
   6.8).
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import struct
import termios
import time
from collections.abc import Callable, Collection
from contextlib import suppress

from signward_server.rpc.own_sockets import copies
from signward_server.rpc.packet_filters import HOLD_DATA, TURN_AWAY, filter_out, unfilter

__all__ = ["close_listeners", "held_still"]

_log = logging.getLogger(__name__)
_HANDSHAKES = 0.2  # seconds: those that have begun take a round trip to complete
_QUEUE = 2.0  # seconds that a queue may take to drain
_STEP = 0.02
_QUIET = 5  # steps in a row without a call, after which nothing is on its way inside the process
_MOMENT = 25  # steps that calls in hand may take to end while nothing comes in
_BREATH = 0.3  # seconds in which what was held comes again
_TRIES = 20
_BACKLOG = struct.Struct("24xI")  # tcp_info.tcpi_unacked: of a listener, what waits in its queue


def close_listeners(ports: Collection[int]) -> None:
    """Turn newcomers away, take those that have come, and close what listens on ports.

    gRPC finds a socket in each listener's place that hears nothing.
    """
    with copies(ports) as sockets:
        listeners = {file: each for file, each in sockets.items() if _listens(each)}
        for listener in listeners.values():
            _turn_away(listener)
        time.sleep(_HANDSHAKES)
        end = time.monotonic() + _QUEUE
        while any(map(_queued, listeners.values())) and time.monotonic() < end:
            time.sleep(_STEP)
        for file in listeners:
            with socket.socket() as deaf:
                os.dup2(deaf.fileno(), file, inheritable=False)


def held_still(ports: Collection[int], idle: Callable[[], bool]) -> bool:
    """Take nothing more from the connections to ports; return whether no call is in hand.

    A call of which a part is held back cannot end. Then all is let in again for a moment, and
    held once more.

    Args:
        ports: Whose connections.
        idle: Whether no call is in hand.
    """
    for _ in range(_TRIES):
        with copies(ports) as sockets:
            connections = list(sockets.values())
            for connection in connections:
                with suppress(OSError):  # it has gone
                    filter_out(connection, HOLD_DATA)
            if _is_quiet(connections, idle):
                return True
            for connection in connections:
                with suppress(OSError):
                    unfilter(connection)
        time.sleep(_BREATH)
    return False


def _is_quiet(connections: Collection[socket.socket], idle: Callable[[], bool]) -> bool:
    quiet = 0
    for _ in range(_MOMENT):
        time.sleep(_STEP)
        quiet = quiet + 1 if idle() and not any(map(_unread, connections)) else 0
        if quiet == _QUIET:
            return True
    return False


def _listens(each: socket.socket) -> bool:
    return bool(each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _queued(listener: socket.socket) -> int:
    """Return how many connections wait for the listener to take them."""
    found = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BACKLOG.size)
    count: int = _BACKLOG.unpack(found)[0]
    return count


def _unread(connection: socket.socket) -> int:
    """Return how many bytes have come that gRPC has not read."""
    try:
        answer = fcntl.ioctl(connection, termios.FIONREAD, bytes(4))
    except OSError:  # it listens, or has gone
        return 0
    return int.from_bytes(answer, "little")


def _turn_away(listener: socket.socket) -> None:
    try:
        filter_out(listener, TURN_AWAY)
    except OSError as exc:
        _log.warning("newcomers may be reset", extra={"error": os.strerror(exc.errno or 0)})
