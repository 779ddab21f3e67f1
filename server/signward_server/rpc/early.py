"""Unary calls with fewer hand-overs between threads, each of which costs more than a signature.

grpcio wakes a thread for a call before its message has come; the thread asks for the message
and sleeps until the serving thread has received it. Here the serving thread asks for the
message at once, and a thread is woken when it is there. A call that cannot block and comes
while few others are in hand is answered right there, on the serving thread. Under load the
threads of the pool answer, so that its queue shows how many wait, and the router can refuse.

This takes names that grpcio does not promise. ``supported`` compares them with what they
must be; where it says no, ``CallPool`` serves calls as grpcio does.
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

from grpc import _server
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # compiled

from signward_server.rpc.interceptors.reception import ReceptionWatch
from signward_server.rpc.pools import CallPool
from signward_server.rpc.routes import Swift

__all__ = ["EarlyPool", "mark_swift", "supported"]

_log = logging.getLogger(__name__)

_NO_FLAGS = 0
_FEW = 4  # more would wait behind each other where no bound sees them
_PARAMETERS = {
    "_receive_message": ["state", "call", "request_deserializer"],
    "_unary_response_in_pool": [
        "rpc_event",
        "state",
        "behavior",
        "argument_thunk",
        "request_deserializer",
        "response_serializer",
    ],
    "_raise_rpc_error": ["state"],
}
_CONSTANTS = ("_RECEIVE_MESSAGE_TOKEN", "_CANCELLED")


def supported(server: Any = _server) -> bool:  # noqa: ANN401  # a module, or a test's stand-in
    """Return whether grpcio's server is made of the parts that are used here."""
    for name, parameters in _PARAMETERS.items():
        function = getattr(server, name, None)
        if function is None or list(inspect.signature(function).parameters) != parameters:
            return False
    return all(hasattr(server, name) for name in _CONSTANTS)


def mark_swift(behaviour: object, test: Swift) -> None:
    """Mark a behaviour: the test says of a message whether answering it cannot block.

    It runs on the serving thread, so it must not block either.
    """
    behaviour.swift = test  # type: ignore[attr-defined]


class EarlyPool(CallPool):
    """A ``CallPool`` that reads messages before it wakes a thread.

    At most as many calls as there are threads are read early, so that no more messages are
    in memory than twice that; the others are served as grpcio does.

    Args:
        size: Number of threads.
        watch: Cancels calls whose message does not come.
    """

    def __init__(self, size: int, watch: ReceptionWatch) -> None:
        super().__init__(size)
        self._most = size
        self._watch = watch
        self._in_hand = 0
        self._lock = threading.Lock()

    def submit(  # type: ignore[override]  # see CallPool
        self,
        fn: Callable[..., object],
        /,
        *args: Any,  # noqa: ANN401  # grpcio's own
        **kwargs: object,
    ) -> None:
        """Ask for the message of a unary call; pass on everything else.

        grpcio calls this on the serving thread, with the lock of the call's state held.
        """
        if not args or args[0] is not _server._unary_response_in_pool or not self._enter():
            super().submit(fn, *args, **kwargs)
            return
        _, event, state, *_ = args
        operations = (cygrpc.ReceiveMessageOperation(_NO_FLAGS),)
        event.call.start_server_batch(operations, _Arrival(self, fn, args))
        state.due.add(_server._RECEIVE_MESSAGE_TOKEN)
        self._watch.expect(event.call)

    def arrived(self, arrival: _Arrival) -> None:
        """Answer a call whose message is there, here or on a thread."""
        self._watch.arrived(arrival.call)
        if self._in_hand <= _FEW and not self.waiting and arrival.is_swift():
            arrival.answer()
        else:
            super().submit(arrival.answer)

    def leave(self) -> None:
        """Forget a call that is answered."""
        with self._lock:
            self._in_hand -= 1

    def _enter(self) -> bool:
        with self._lock:
            if self._in_hand >= self._most:
                return False
            self._in_hand += 1
            return True


class _Arrival:
    """A call that waits for its message; called with the event that brings it."""

    __slots__ = ("_args", "_pool", "_receive", "_run", "_state", "call")

    def __init__(self, pool: EarlyPool, run: Callable[..., object], args: tuple[Any, ...]) -> None:
        _, event, state, _, _, deserializer, _ = args
        self.call = event.call
        self._pool = pool
        self._run = run
        self._args = args
        self._state = state
        self._receive = _server._receive_message(state, event.call, deserializer)

    def __call__(self, event: object) -> object:
        outcome = self._receive(event)  # grpcio's own: keeps the message in the state
        self._pool.arrived(self)
        return outcome

    def is_swift(self) -> bool:
        """Return whether answering cannot block."""
        test: Swift | None = getattr(self._args[3], "swift", None)
        message = self._state.request
        if test is None or message is None:
            return False
        try:
            return test(message)
        except Exception as error:  # noqa: BLE001  # it would end the serving thread
            _log.error("unexpected error", extra={"kind": type(error).__name__})
            return False

    def answer(self) -> None:
        """Run the handler and send its answer; grpcio catches what it raises."""
        entry, event, state, behaviour, _, deserializer, serializer = self._args
        try:
            self._run(entry, event, state, behaviour, self._messages, deserializer, serializer)
        finally:
            self._pool.leave()

    def _messages(self) -> Iterator[Any]:
        """Yield the message, in place of grpcio's iterator, which would ask for it again."""
        state = self._state
        with state.condition:
            message, state.request = state.request, None
            if message is None and state.client is _server._CANCELLED:
                _server._raise_rpc_error(state)
        if message is not None:
            yield message
