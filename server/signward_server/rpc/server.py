"""The gRPC server: its options, its listeners, its start and its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from signward_server.core.ports import AuthenticationFailures, Clock, Limits
from signward_server.rpc import items
from signward_server.rpc.authentication import Authenticator
from signward_server.rpc.bounds import ServerLimits
from signward_server.rpc.connections import ConnectionCap
from signward_server.rpc.departure import close_listeners, held_still
from signward_server.rpc.endings import Endings
from signward_server.rpc.front import BindError, Front
from signward_server.rpc.items import StreamPool
from signward_server.rpc.pools import StreamSlots, started_pool
from signward_server.rpc.router import RouterParts
from signward_server.rpc.routes import Route
from signward_server.rpc.tls import Certificates

__all__ = ["BindError", "RpcServer"]

_SOCKET_MODE = 0o660
_LOOK_AGAIN = 0.01
_LAST_ANSWERS = 0.5  # seconds to hand over answers that are ready


class RpcServer:
    """Serves routes on its listeners.

    Args:
        routes: All RPCs.
        authenticator: Who calls.
        failures: Keeps count of those who cannot show it.
        limits: How often.
        endings: Is told of calls that have ended.
        clock: Measures how long messages take.
        bounds: How much it takes on.
        certificates: TLS of every listener.
        ending: Called first when it stops.
    """

    def __init__(
        self,
        *,
        routes: Iterable[Route],
        authenticator: Authenticator,
        failures: AuthenticationFailures,
        limits: Limits,
        endings: Endings,
        clock: Clock,
        bounds: ServerLimits,
        certificates: Certificates,
        ending: Callable[[], None],
    ) -> None:
        self._ending = ending
        self._certificates = certificates
        self._slots = StreamSlots(bounds.streams, bounds.streams_per_identity)
        self._stream_pool = (
            StreamPool(bounds.streams)
            if items.supported()
            else started_pool(bounds.streams, "stream")
        )
        self._sockets: list[Path] = []
        self._ports: set[int] = set()
        self._cap = ConnectionCap(bounds.connections_per_address, self._ports)
        parts = RouterParts(
            authenticator=authenticator,
            failures=failures,
            limits=limits,
            endings=endings,
            slots=self._slots,
            stream_pool=self._stream_pool,
            message_bytes=bounds.message_bytes,
            batch_bytes=bounds.batch_bytes,
        )
        self._open_front = partial(
            Front,
            tuple(routes),
            parts,
            queue=bounds.queue,
            clock=clock,
            reception=bounds.reception,
            options=bounds.options(),
        )
        self._threads = bounds.threads
        self._main = self._open_front(threads=bounds.threads)
        self._fronts = [self._main]

    def listen_tcp(self, address: str) -> int:
        """Bind a TCP address for callers with a client certificate.

        Returns:
            The port, which matters for port 0.

        Raises:
            BindError: It is in use or not ours to bind.
        """
        port = self._main.bind(address, address, self._certificates.mutual("tcp"))
        self._ports.add(port)
        return port

    def listen_api_keys(self, address: str) -> int:
        """Bind a TCP address for callers with an API key alone; see ``listen_tcp`` (S3).

        They have threads and a queue of their own: whoever floods these keeps nobody else waiting.
        """
        front = self._open_front(threads=-(-self._threads // 2))
        self._fronts.append(front)
        port = front.bind(address, address, self._certificates.one_sided("api_keys"))
        self._ports.add(port)
        return port

    def listen_unix(self, path: Path) -> None:
        """Bind a Unix socket, readable and writable for owner and group.

        The caller has made sure that no living daemon serves it: binding replaces it.

        Raises:
            BindError: It cannot be bound.
        """
        self._main.bind(f"unix:{path}", str(path), self._certificates.mutual("unix"))
        path.chmod(_SOCKET_MODE)
        self._sockets.append(path)

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return sum(front.waiting for front in self._fronts)

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return self._slots.open

    @property
    def connections_closed(self) -> int:
        """How many connections were closed because their address had too many."""
        return self._cap.closed

    def start(self) -> None:
        """Serve."""
        for front in self._fronts:
            front.start()
        self._cap.start()

    @property
    def alive(self) -> bool:
        """Whether the threads that serve calls do so; for a server that was started."""
        return all(front.alive for front in self._fronts)

    def leave(self, grace: float) -> None:
        """End while others serve the same TCP ports: no call fails but those of streams.

        Everything is served until the streams have ended, or ``grace`` seconds are over.
        """
        self._cap.stop()
        close_listeners(self._ports)
        self._ending()
        self._wait(grace, lambda: not self._slots.open)
        held_still(self._ports, lambda: all(front.idle for front in self._fronts))
        self._end(patience=0)

    def stop(self, grace: float) -> None:
        """Refuse new calls, let running ones finish for ``grace`` seconds, end.

        grpcio's own stop cuts new calls with a bare CANCELLED, so it only comes when
        nothing runs any more.
        """
        self._ending()
        self._cap.stop()
        for front in self._fronts:
            front.refuse()
        self._wait(
            grace, lambda: not self._slots.open and all(front.idle for front in self._fronts)
        )
        self._end(patience=_LAST_ANSWERS)

    def _wait(self, grace: float, done: Callable[[], bool]) -> None:
        for _ in range(int(grace / _LOOK_AGAIN)):
            if done():
                break
            time.sleep(_LOOK_AGAIN)

    def _end(self, patience: float) -> None:
        for front in self._fronts:
            front.stop(patience)
        self._stream_pool.shutdown(wait=False, cancel_futures=True)
        for path in self._sockets:
            path.unlink(missing_ok=True)
