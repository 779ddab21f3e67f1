"""One of grpcio's servers: a serving thread, threads for unary calls, and a queue.

The listener whose callers have shown nothing when they connect has one of its own, since whoever
reaches it can flood it. On a server that it shares with others, each of its calls would stand
before theirs on the serving thread: with 390 calls in flight, the 99th percentile of a caller with
a certificate was 160 to 320 ms. Apart it is a tenth of that; what is left is the share of the
processor and of the interpreter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import grpc

from signward_server.core.ports import Clock
from signward_server.rpc import early
from signward_server.rpc.early import EarlyPool
from signward_server.rpc.heartbeat import Heartbeat
from signward_server.rpc.interceptors.reception import ReceptionWatch
from signward_server.rpc.pools import CallPool
from signward_server.rpc.router import Router, RouterParts
from signward_server.rpc.routes import Route

__all__ = ["BindError", "Front"]


class BindError(Exception):
    """An address cannot be bound; the text names it and the fix."""


class Front:
    """A server, its listeners, its start and its end.

    Args:
        routes: All RPCs.
        parts: What their handlers are composed from; streams are counted there, for all servers.
        threads: Threads for unary calls.
        queue: Calls that may wait for one; more are refused at once.
        clock: Measures how long messages take.
        reception: Seconds for the message of a unary call.
        options: Channel arguments.
    """

    def __init__(
        self,
        routes: Iterable[Route],
        parts: RouterParts,
        *,
        threads: int,
        queue: int,
        clock: Clock,
        reception: float,
        options: Sequence[tuple[str, int]],
    ) -> None:
        self._watch = ReceptionWatch(clock, reception)
        self._calls = _call_pool(threads, queue, self._watch)
        self._router = Router(routes, parts, self._calls, self._watch)
        self._server = grpc.server(
            self._calls,  # type: ignore[arg-type]  # an Executor is all that it needs
            handlers=[self._router],
            options=options,
        )
        self._heartbeat = Heartbeat(self._server)

    def bind(self, target: str, name: str, credentials: grpc.ServerCredentials) -> int:
        """Bind an address.

        Args:
            target: As gRPC writes it.
            name: As the operator does.
            credentials: Its TLS.

        Returns:
            The port, which matters for port 0.

        Raises:
            BindError: It is in use or not ours to bind.
        """
        try:
            return self._server.add_secure_port(target, credentials)
        except RuntimeError as exc:
            raise BindError(f"{name}: cannot be bound; is another daemon using it?") from exc

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return self._calls.waiting

    @property
    def idle(self) -> bool:
        """Whether no call is in hand."""
        return self._calls.idle

    def start(self) -> None:
        """Serve."""
        self._watch.start()
        self._heartbeat.start()

    @property
    def alive(self) -> bool:
        """Whether its threads serve; for one that was started."""
        return self._heartbeat.beats and self._calls.alive

    def refuse(self) -> None:
        """Refuse new calls from now on."""
        self._router.close()

    def stop(self, patience: float) -> None:
        """End, with so many seconds to hand over answers; with none at once."""
        self._server.stop(patience or None).wait(patience + 5)
        self._watch.stop()
        self._router.shutdown()
        self._calls.shutdown(wait=False)


def _call_pool(threads: int, queue: int, watch: ReceptionWatch) -> CallPool:
    """Return threads for unary calls, of the quicker kind if this grpcio is fit for it."""
    if early.supported():
        return EarlyPool(threads, queue, watch)
    return CallPool(threads, queue)
