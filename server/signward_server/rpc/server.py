"""The gRPC server: its options, its listeners, its start and its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import grpc

from signward_server.core.ports import AuthenticationFailures, Clock, Limits
from signward_server.rpc import early
from signward_server.rpc.authentication import Authenticator
from signward_server.rpc.early import EarlyPool
from signward_server.rpc.endings import Endings
from signward_server.rpc.interceptors.reception import ReceptionWatch
from signward_server.rpc.pools import CallPool, StreamSlots, started_pool
from signward_server.rpc.router import Router, RouterParts
from signward_server.rpc.routes import Route
from signward_server.rpc.tls import Certificates

__all__ = ["BindError", "RpcServer", "ServerLimits"]

_SOCKET_MODE = 0o660
_LOOK_AGAIN = 0.01
_LAST_ANSWERS = 0.5  # seconds to hand over answers that are ready


class BindError(Exception):
    """An address cannot be bound; the text names it and the fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """How much the server takes on (S42).

    Attributes:
        threads: Threads for unary calls.
        queue: Calls that may wait for one; more are refused at once.
        streams: Streams that may be open in all, health and reflection included.
        streams_per_identity: Streams that one identity may have open.
        message_bytes: Largest request message, a batch excepted.
        batch_bytes: Largest batch.
        stream_in_flight: Items of one stream that are not answered yet.
        metadata_bytes: Largest metadata of a call.
        streams_per_connection: HTTP/2 streams of one connection at a time.
        handshake: Seconds for a TLS handshake.
        reception: Seconds for the message of a unary call.
        connection_idle: Seconds after which an idle connection is closed.
        connection_age: Seconds after which a connection is closed, at most an hour (S2).
        connection_age_grace: Seconds that its calls may go on after that.
    """

    threads: int
    queue: int
    streams: int
    streams_per_identity: int
    message_bytes: int
    batch_bytes: int
    stream_in_flight: int
    metadata_bytes: int
    streams_per_connection: int
    handshake: float
    reception: float
    connection_idle: float
    connection_age: float
    connection_age_grace: float


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
        self._stream_pool = started_pool(bounds.streams, "stream")
        self._slots = StreamSlots(bounds.streams, bounds.streams_per_identity)
        self._watch = ReceptionWatch(clock, bounds.reception)
        self._calls = (
            EarlyPool(bounds.threads, bounds.queue, self._watch)
            if early.supported()
            else CallPool(bounds.threads, bounds.queue)
        )
        self._sockets: list[Path] = []
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
        self._router = Router(routes, parts)
        self._server = grpc.server(
            self._calls,  # type: ignore[arg-type]  # an Executor is all that it needs
            handlers=[self._router],
            options=_options(bounds),
        )

    def listen_tcp(self, address: str) -> int:
        """Bind a TCP address for callers with a client certificate.

        Returns:
            The port, which matters for port 0.

        Raises:
            BindError: It is in use or not ours to bind.
        """
        return self._bind(address, address, self._certificates.mutual("tcp"))

    def listen_api_keys(self, address: str) -> int:
        """Bind a TCP address for callers with an API key alone; see ``listen_tcp`` (S3)."""
        return self._bind(address, address, self._certificates.one_sided("api_keys"))

    def listen_unix(self, path: Path) -> None:
        """Bind a Unix socket, readable and writable for owner and group.

        The caller has made sure that no living daemon serves it: binding replaces it.

        Raises:
            BindError: It cannot be bound.
        """
        self._bind(f"unix:{path}", str(path), self._certificates.mutual("unix"))
        path.chmod(_SOCKET_MODE)
        self._sockets.append(path)

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return self._calls.waiting

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return self._slots.open

    def start(self) -> None:
        """Serve."""
        self._watch.start()
        self._server.start()

    def stop(self, grace: float) -> None:
        """Refuse new calls, let running ones finish for ``grace`` seconds, end.

        grpcio's own stop cuts new calls with a bare CANCELLED, so it only comes when
        nothing runs any more.
        """
        self._ending()
        self._router.close()
        for _ in range(int(grace / _LOOK_AGAIN)):
            if self._calls.idle and not self._slots.open:
                break
            time.sleep(_LOOK_AGAIN)
        self._server.stop(_LAST_ANSWERS).wait(_LAST_ANSWERS + 5)
        self._watch.stop()
        self._router.shutdown()
        self._calls.shutdown(wait=False)
        self._stream_pool.shutdown(wait=False, cancel_futures=True)
        for path in self._sockets:
            path.unlink(missing_ok=True)

    def _bind(self, target: str, name: str, credentials: grpc.ServerCredentials) -> int:
        try:
            return self._server.add_secure_port(target, credentials)
        except RuntimeError as exc:
            raise BindError(f"{name}: cannot be bound; is another daemon using it?") from exc


def _options(bounds: ServerLimits) -> list[tuple[str, int]]:
    """Return grpc core's channel arguments (grpc/impl/channel_arg_names.h)."""
    return [
        ("grpc.so_reuseport", 0),  # two daemons would share a port silently (S41)
        ("grpc.max_concurrent_streams", bounds.streams_per_connection),
        ("grpc.max_receive_message_length", 2 * bounds.batch_bytes),  # ours answer up to there
        # With probes the window of a stream grows to megabytes, and so does what a caller
        # can make grpc hold of messages that nobody has read yet.
        ("grpc.http2.bdp_probe", 0),
        ("grpc.max_metadata_size", bounds.metadata_bytes),
        ("grpc.absolute_max_metadata_size", bounds.metadata_bytes),
        ("grpc.server_handshake_timeout_ms", _ms(bounds.handshake)),
        ("grpc.max_connection_idle_ms", _ms(bounds.connection_idle)),
        ("grpc.max_connection_age_ms", _ms(bounds.connection_age)),
        ("grpc.max_connection_age_grace_ms", _ms(bounds.connection_age_grace)),
    ]


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
