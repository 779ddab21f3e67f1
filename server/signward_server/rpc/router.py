"""Finds the handler of a method: composed once at start-up, refused at once when full.

All handlers take the request as an iterator, since grpcio then hands over the context
before the message has come. On the wire that is the same as a unary call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc

from signward_server.core.errors import Overloaded, ShuttingDown, SignwardError, StreamLimit
from signward_server.core.ports import AuthenticationFailures, Limits
from signward_server.rpc import items
from signward_server.rpc.ahead import read_ahead, supported
from signward_server.rpc.authentication import Authenticator
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.early import mark
from signward_server.rpc.endings import Endings
from signward_server.rpc.interceptors.errors import streaming_boundary, unary_boundary
from signward_server.rpc.interceptors.identity import anonymous, identified, identified_stream
from signward_server.rpc.interceptors.limits import limited
from signward_server.rpc.interceptors.reception import ReceptionWatch, received
from signward_server.rpc.pools import CallPool, StreamSlots, started_pool
from signward_server.rpc.routes import Route, Streaming, Swift, Unary
from signward_server.rpc.status import Refusal, abort

__all__ = ["Router", "RouterParts"]

_Behaviour = Callable[[Iterator[bytes], grpc.ServicerContext], object]
_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in its stubs only
_OVERLOADED_RETRY = 0.05
_BATCH_WEIGHT = 8  # a batch may be as large as so many other messages


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterParts:
    """What handlers are composed from.

    Attributes:
        authenticator: Who calls.
        failures: Keeps count of those who cannot show it.
        limits: How often.
        endings: Is told of calls that have ended.
        slots: How many streams may be open.
        stream_pool: Threads for streams, at least as many as slots.
        message_bytes: Largest message, a batch excepted.
        batch_bytes: Largest batch.
    """

    authenticator: Authenticator
    failures: AuthenticationFailures
    limits: Limits
    endings: Endings
    slots: StreamSlots
    stream_pool: ThreadPoolExecutor
    message_bytes: int
    batch_bytes: int


class Router(grpc.GenericRpcHandler):
    """Hands grpcio the handler of each call, on the serving thread.

    Args:
        routes: All RPCs.
        parts: What their handlers are composed from.
        calls: Threads for unary calls.
        watch: How long a message may take.
    """

    def __init__(
        self, routes: Iterable[Route], parts: RouterParts, calls: CallPool, watch: ReceptionWatch
    ) -> None:
        self._parts = parts
        self._calls = calls
        self._watch = watch
        self._refusals = started_pool(2, "refuse")
        self._overloaded = self._refusal(Overloaded(retry_after=_OVERLOADED_RETRY))
        self._no_stream = self._refusal(StreamLimit())
        self._shutting_down = self._refusal(ShuttingDown(retry_after=1.0))
        self._handlers: dict[str, _Handler] = {}
        self._streams: set[str] = set()
        self._closing = False
        for route in routes:
            if route.unary is not None:
                self._handlers[route.name] = self._compose_unary(route, route.unary)
            if route.streaming is not None:
                self._handlers[route.name] = self._compose_streaming(route, route.streaming)
                self._streams.add(route.name)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> _Handler | None:
        """Return the handler of a call; ``None`` for a method that does not exist."""
        method = handler_call_details.method
        handler = self._handlers.get(method)
        if handler is None:
            return None
        return self._refuse_now(method) or handler

    def _refuse_now(self, method: str) -> _Handler | None:
        """Return the handler that refuses, ``None`` if there is room for the call."""
        if self._closing:
            return self._shutting_down
        if method in self._streams:
            return None if self._parts.slots.enter() else self._no_stream
        if not self._calls.has_room():
            return self._overloaded
        return None

    def close(self) -> None:
        """Refuse new calls from now on."""
        self._closing = True

    def shutdown(self) -> None:
        """End the threads that refuse; no call may come any more."""
        self._refusals.shutdown(wait=False)

    def _compose_unary(self, route: Route, behaviour: Unary) -> _Handler:
        parts = self._parts
        largest = parts.batch_bytes if route.is_batch else parts.message_bytes
        whole = received(behaviour, self._watch, largest)
        if route.anonymous:
            composed = anonymous(whole)
        else:
            counted = limited(whole, parts.limits, route.method_class)
            composed = identified(counted, parts.authenticator, parts.failures)
        boundary = unary_boundary(composed, route.name, parts.endings)
        swift = None if parts.limits.blocking else route.swift
        mark(boundary, swift=swift, weight=_BATCH_WEIGHT if route.is_batch else 1)
        return grpc.stream_unary_rpc_method_handler(boundary)

    def _compose_streaming(self, route: Route, behaviour: Streaming) -> _Handler:
        parts = self._parts
        by_item = route.by_item and isinstance(parts.stream_pool, items.StreamPool)
        read = behaviour if by_item else _reading_ahead(behaviour)
        if route.anonymous:
            composed = anonymous(self._counted(read, _anyone))
        else:
            held = self._counted(read, _caller)
            counted = limited(held, parts.limits, route.method_class)
            composed = identified_stream(counted, parts.authenticator, parts.failures)
        boundary = streaming_boundary(composed, route.name, parts.endings)

        def entered(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            if not context.add_callback(parts.slots.leave):
                parts.slots.leave()  # the call has ended already
            return boundary(requests, context)

        if by_item:
            swift = None if parts.limits.blocking else route.swift
            items.mark(entered, swift and _when_calm(swift, self._calls))
        _on(entered, parts.stream_pool)
        return grpc.stream_stream_rpc_method_handler(entered)

    def _counted(self, behaviour: Streaming, holder: Callable[[GrpcCall], str]) -> Streaming:
        slots = self._parts.slots

        def counted(requests: Iterator[bytes], call: GrpcCall) -> Iterator[bytes]:
            identity = holder(call)
            if not slots.enter_as(identity):
                raise StreamLimit
            try:
                yield from behaviour(requests, call)
            finally:
                slots.leave_as(identity)

        return counted

    def _refusal(self, error: SignwardError) -> _Handler:
        refusal = Refusal.of(error)

        def behaviour(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
            del requests  # never waited for
            abort(context, refusal)

        _on(behaviour, self._refusals)
        return grpc.stream_unary_rpc_method_handler(behaviour)


def _reading_ahead(behaviour: Streaming) -> Streaming:
    if not supported():
        return behaviour
    return lambda requests, call: behaviour(read_ahead(requests, call.ensure_live), call)


def _when_calm(swift: Swift, calls: CallPool) -> Swift:
    return lambda message: calls.is_calm and swift(message)


def _caller(call: GrpcCall) -> str:
    return str(call.identity)


def _anyone(call: GrpcCall) -> str:
    """Return the one name under which all streams of unknown callers count."""
    del call
    return "anonymous"


def _on(behaviour: _Behaviour, pool: ThreadPoolExecutor) -> None:
    """Have grpcio run a behaviour on this pool instead of the server's."""
    behaviour.experimental_thread_pool = pool  # type: ignore[attr-defined]  # a function's
