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

__all__ = ["EarlyPool", "mark", "supported"]

_log = logging.getLogger(__name__)

_NO_FLAGS = 0
_STALLED = 0.1  # seconds: a message that is on its way takes less
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


def mark(behaviour: object, *, swift: Swift | None, weight: int) -> None:
    """Mark a behaviour for this pool.

    Args:
        behaviour: What grpcio calls.
        swift: Says of a message whether answering it cannot block; runs on the serving
            thread, so it must not block either. ``None``: it may block.
        weight: As how many calls one of it counts while it is in hand.
    """
    behaviour.swift = swift  # type: ignore[attr-defined]  # a function's
    behaviour.weight = weight  # type: ignore[attr-defined]  # a function's


class EarlyPool(CallPool):
    """A ``CallPool`` that reads messages before it wakes a thread.

    A call whose message does not come holds no thread, only a place. When all places are
    taken, the one that has waited longest for its message loses it to the next call, unless
    it has only just come: so a caller that opens calls and sends nothing locks out nobody.

    Args:
        size: Number of threads.
        queue: How many calls may be in hand beside those on a thread.
        watch: Cancels calls whose message does not come.
    """

    def __init__(self, size: int, queue: int, watch: ReceptionWatch) -> None:
        super().__init__(size, queue)
        self._most = size + queue
        self._watch = watch
        self._in_hand = 0
        self._lock = threading.Lock()

    def has_room(self) -> bool:
        """Return whether one more call is taken; see ``CallPool``."""
        return self._in_hand < self._most or self._watch.cancel_oldest(_STALLED)

    @property
    def is_calm(self) -> bool:
        """Whether few calls are in hand and none waits for a thread."""
        return self._in_hand <= _FEW and super().is_calm

    @property
    def idle(self) -> bool:
        """Whether no call is in hand, its message still to come included."""
        return self._in_hand == 0 and super().idle

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
        if not args or args[0] is not _server._unary_response_in_pool:
            super().submit(fn, *args, **kwargs)
            return
        _, event, state, behaviour, *_ = args
        self._count(_weight(behaviour))
        operations = (cygrpc.ReceiveMessageOperation(_NO_FLAGS),)
        event.call.start_server_batch(operations, _Arrival(self, fn, args))
        state.due.add(_server._RECEIVE_MESSAGE_TOKEN)
        self._watch.expect(event.call)

    def arrived(self, arrival: _Arrival) -> None:
        """Answer a call whose message is there, here or on a thread."""
        self._watch.arrived(arrival.call)
        if self.is_calm and arrival.is_swift():
            arrival.answer()
        else:
            super().submit(arrival.answer)

    def leave(self, weight: int) -> None:
        """Forget a call that is answered."""
        self._count(-weight)

    def _count(self, weight: int) -> None:
        with self._lock:
            self._in_hand += weight


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
            self._pool.leave(_weight(behaviour))

    def _messages(self) -> Iterator[Any]:
        """Yield the message, in place of grpcio's iterator, which would ask for it again."""
        state = self._state
        with state.condition:
            message, state.request = state.request, None
            if message is None and state.client is _server._CANCELLED:
                _server._raise_rpc_error(state)
        if message is not None:
            yield message


def _weight(behaviour: object) -> int:
    weight: int = getattr(behaviour, "weight", 1)
    return weight
