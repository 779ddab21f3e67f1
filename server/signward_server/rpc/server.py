"""The gRPC server: its options, its listeners, its start and its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import grpc

from signward_server.core.ports import AuthenticationFailures, Clock, Limits
from signward_server.rpc import items
from signward_server.rpc.authentication import Authenticator
from signward_server.rpc.bounds import ServerLimits
from signward_server.rpc.connections import ConnectionCap
from signward_server.rpc.endings import Endings
from signward_server.rpc.front import Front, call_pool
from signward_server.rpc.heartbeat import Heartbeat
from signward_server.rpc.interceptors.reception import ReceptionWatch
from signward_server.rpc.items import StreamPool
from signward_server.rpc.pools import StreamSlots, started_pool
from signward_server.rpc.router import Router, RouterParts
from signward_server.rpc.routes import Route
from signward_server.rpc.tls import Certificates

__all__ = ["BindError", "RpcServer"]

_SOCKET_MODE = 0o660
_LOOK_AGAIN = 0.01
_LAST_ANSWERS = 0.5  # seconds to hand over answers that are ready


class BindError(Exception):
    """An address cannot be bound; the text names it and the fix."""


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
        self._watch = ReceptionWatch(clock, bounds.reception)
        self._calls = call_pool(bounds.threads, bounds.queue, self._watch)
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
            watch=self._watch,
            calls=self._calls,
            slots=self._slots,
            stream_pool=self._stream_pool,
            message_bytes=bounds.message_bytes,
            batch_bytes=bounds.batch_bytes,
        )
        routes = tuple(routes)
        self._router = Router(routes, parts)
        self._front: Front | None = None
        self._open_front = partial(
            Front,
            routes,
            parts,
            threads=-(-bounds.threads // 2),
            queue=bounds.queue,
            clock=clock,
            reception=bounds.reception,
            options=bounds.options(),
        )
        self._server = grpc.server(
            self._calls,  # type: ignore[arg-type]  # an Executor is all that it needs
            handlers=[self._router],
            options=bounds.options(),
        )
        self._heartbeat = Heartbeat(self._server)

    def listen_tcp(self, address: str) -> int:
        """Bind a TCP address for callers with a client certificate.

        Returns:
            The port, which matters for port 0.

        Raises:
            BindError: It is in use or not ours to bind.
        """
        credentials = self._certificates.mutual("tcp")
        port = _bind(self._server.add_secure_port, address, address, credentials)
        self._ports.add(port)
        return port

    def listen_api_keys(self, address: str) -> int:
        """Bind a TCP address for callers with an API key alone; see ``listen_tcp`` (S3).

        They have threads and a queue of their own: whoever floods these keeps nobody else waiting.
        """
        front = self._open_front()
        credentials = self._certificates.one_sided("api_keys")
        try:
            port = _bind(front.bind, address, address, credentials)
        except BindError:
            front.stop(0)
            raise
        self._front = front
        self._ports.add(port)
        return port

    def listen_unix(self, path: Path) -> None:
        """Bind a Unix socket, readable and writable for owner and group.

        The caller has made sure that no living daemon serves it: binding replaces it.

        Raises:
            BindError: It cannot be bound.
        """
        credentials = self._certificates.mutual("unix")
        _bind(self._server.add_secure_port, f"unix:{path}", str(path), credentials)
        path.chmod(_SOCKET_MODE)
        self._sockets.append(path)

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return self._calls.waiting + (self._front.waiting if self._front else 0)

    @property
    def _idle(self) -> bool:
        """Whether no call runs and no stream is open."""
        calls = self._calls.idle and (self._front is None or self._front.idle)
        return calls and not self._slots.open

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
        self._watch.start()
        self._heartbeat.start()
        if self._front is not None:
            self._front.start()
        self._cap.start()

    @property
    def alive(self) -> bool:
        """Whether the threads that serve calls do so; for a server that was started."""
        front = self._front is None or self._front.alive
        return front and self._heartbeat.beats and self._calls.alive

    def stop(self, grace: float) -> None:
        """Refuse new calls, let running ones finish for ``grace`` seconds, end.

        grpcio's own stop cuts new calls with a bare CANCELLED, so it only comes when
        nothing runs any more.
        """
        self._ending()
        self._cap.stop()
        self._router.close()
        if self._front is not None:
            self._front.refuse()
        for _ in range(int(grace / _LOOK_AGAIN)):
            if self._idle:
                break
            time.sleep(_LOOK_AGAIN)
        self._server.stop(_LAST_ANSWERS).wait(_LAST_ANSWERS + 5)
        if self._front is not None:
            self._front.stop(_LAST_ANSWERS)
        self._watch.stop()
        self._router.shutdown()
        self._calls.shutdown(wait=False)
        self._stream_pool.shutdown(wait=False, cancel_futures=True)
        for path in self._sockets:
            path.unlink(missing_ok=True)


def _bind(
    add: Callable[[str, grpc.ServerCredentials], int],
    target: str,
    name: str,
    credentials: grpc.ServerCredentials,
) -> int:
    try:
        return add(target, credentials)
    except RuntimeError as exc:
        raise BindError(f"{name}: cannot be bound; is another daemon using it?") from exc
