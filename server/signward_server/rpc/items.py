"""Streams that answer each message by one, without a thread that waits for them.

grpcio gives a stream a thread for its whole life, and wakes it twice for each message: when
it has come, and when the answer has been sent. Here one operation of gRPC's core sends an
answer and receives the message after it. The serving thread, which is told of its end, works
on the message right there if that cannot block and few calls are in hand; otherwise a thread
does. So a stream that is idle holds no thread, a message is only taken when the answer before
it has been handed to the transport, and flow control holds back whoever does not read.

Streams that are silent are nudged from time to time, so that each ends with its caller's right
to it.

As ``rpc.early`` this takes names that grpcio does not promise, compared by ``supported``;
where they differ, streams are served by threads (``rpc.ahead``).
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any, Final

from grpc import _server
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # compiled

from signward_server.rpc.pools import start_all
from signward_server.rpc.routes import Swift

__all__ = ["NUDGE", "StreamPool", "mark", "supported"]

NUDGE: Final[Any] = object()
"""Comes in place of a message when there is none: a look at the caller, answered by itself."""

_log = logging.getLogger(__name__)

_NO_FLAGS = 0
_LOOK_AGAIN = 0.5  # seconds
_TOKEN = "answer and next message"  # what grpcio counts as outstanding, beside its own
_END: Final[Any] = object()
_PARAMETERS = {
    "_stream_response_in_pool": [
        "rpc_event",
        "state",
        "behavior",
        "argument_thunk",
        "request_deserializer",
        "response_serializer",
    ],
    "_take_response_from_response_iterator": ["rpc_event", "state", "response_iterator"],
    "_get_initial_metadata_operation": ["state", "metadata"],
    "_status": ["rpc_event", "state", "serialized_response"],
    "_possibly_finish_call": ["state", "token"],
    "_is_rpc_state_active": ["state"],
    "_Context": ["rpc_event", "state", "request_deserializer"],
}


def supported(server: Any = _server) -> bool:  # noqa: ANN401  # a module, or a test's stand-in
    """Return whether grpcio's server is made of the parts that are used here."""
    for name, parameters in _PARAMETERS.items():
        function = getattr(server, name, None)
        if function is None or list(inspect.signature(function).parameters) != parameters:
            return False
    return True


def mark(behaviour: object, swift: Swift | None) -> None:
    """Mark a behaviour that answers each message by one, and a nudge by itself.

    Args:
        behaviour: What grpcio calls.
        swift: See ``rpc.early.mark``.
    """
    behaviour.by_item = True  # type: ignore[attr-defined]
    behaviour.swift = swift  # type: ignore[attr-defined]


class StreamPool(futures.ThreadPoolExecutor):
    """Threads for streams; those that are marked ``by_item`` take one only for what may block.

    Args:
        size: Number of threads, at least as many as there may be streams.
        is_calm: Whether so little is in hand that the serving thread may work itself.
    """

    def __init__(self, size: int, is_calm: Callable[[], bool]) -> None:
        super().__init__(size, thread_name_prefix="stream")
        start_all(self, size)
        self._is_calm = is_calm
        self._open: set[_Stream] = set()
        self._stopped = threading.Event()
        self._nudger = threading.Thread(target=self._nudge, name="stream-nudge", daemon=True)
        self._nudger.start()

    def submit(  # type: ignore[override]  # grpcio takes None for "nobody counts"
        self,
        fn: Callable[..., Any],
        /,
        *args: Any,  # noqa: ANN401  # grpcio's own
        **kwargs: Any,  # noqa: ANN401
    ) -> futures.Future[Any] | None:
        """Take over a stream that answers item by item; run everything else on a thread."""
        if not _is_stream_by_item(args):
            return super().submit(fn, *args, **kwargs)
        _, event, state, behaviour, *_ = args
        stream = _Stream(self, event, state, behaviour)
        self._open.add(stream)
        self.work(stream, NUDGE)
        return None

    def work(self, stream: _Stream, message: Any) -> None:  # noqa: ANN401
        """Have a thread work on a message."""
        try:
            super().submit(stream.work, message)
        except RuntimeError:
            stream.cancel()  # the pool has been shut down

    def is_swift(self, test: Swift | None, message: bytes) -> bool:
        """Return whether the serving thread may work on a message itself."""
        if test is None or not self._is_calm():
            return False
        try:
            return test(message)
        except Exception as error:  # noqa: BLE001  # it would end the serving thread
            _log.error("unexpected error", extra={"kind": type(error).__name__})
            return False

    def forget(self, stream: _Stream) -> None:
        """Nudge a stream no more."""
        self._open.discard(stream)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads; see ``Executor``."""
        self._stopped.set()
        super().shutdown(wait, cancel_futures=cancel_futures)

    def _nudge(self) -> None:
        while not self._stopped.wait(_LOOK_AGAIN):
            for stream in self._open.copy():
                stream.nudge()


class _Stream:
    """One stream; grpcio calls it with the event that brings a message.

    Whoever finds it neither worked on nor over works on it, alone: the serving thread, a
    thread of the pool or the one that nudges. What comes meanwhile, at most one message,
    waits. It is the iterator of requests of its own behaviour.

    Args:
        pool: Its threads.
        event: grpcio's event that opened it.
        state: grpcio's state of it.
        behaviour: Called with the iterator of requests and the context; returns answers.
    """

    __slots__ = (
        "_answers",
        "_call",
        "_event",
        "_given",
        "_is_asked",
        "_is_worked_on",
        "_pool",
        "_state",
        "_swift",
        "_waiting",
    )

    def __init__(
        self,
        pool: StreamPool,
        event: Any,  # noqa: ANN401  # grpcio's own
        state: Any,  # noqa: ANN401
        behaviour: Callable[..., Any],
    ) -> None:
        self._pool = pool
        self._event = event
        self._call = event.call
        self._state = state
        self._swift: Swift | None = getattr(behaviour, "swift", None)
        self._answers = behaviour(self, _server._Context(event, state, None))
        self._given: Any = None  # what it takes next
        self._waiting: Any = None  # what has come while it was worked on
        self._is_asked = False  # whether an operation is under way
        self._is_worked_on = True

    def __iter__(self) -> _Stream:
        return self

    def __next__(self) -> Any:  # noqa: ANN401
        if self._given is _END:
            raise StopIteration
        return self._given

    def __call__(self, event: Any) -> object:  # noqa: ANN401
        """Take the message that has come; ``None`` is the end of them."""
        message = event.batch_operations[-1].message()
        if message is None:
            message = _END
        with self._state.condition:
            self._is_asked = False
            outcome = _server._possibly_finish_call(self._state, _TOKEN)
            is_mine = not self._is_worked_on
            if is_mine:
                self._is_worked_on = True
            else:
                self._waiting = message
        if is_mine:
            if message is _END or self._pool.is_swift(self._swift, message):
                self.work(message)
            else:
                self._pool.work(self, message)
        return outcome

    def nudge(self) -> None:
        """Look after the caller, unless the stream is worked on."""
        with self._state.condition:
            if self._is_worked_on:
                return
            self._is_worked_on = True
        self.work(NUDGE)

    def cancel(self) -> None:
        """End it as cancelled."""
        self._call.cancel()

    def work(self, message: Any) -> None:  # noqa: ANN401
        """Work on a message; whoever calls this has found the stream free."""
        state = self._state
        self._given = message
        answer, proceed = state.context.run(
            _server._take_response_from_response_iterator, self._event, state, self._answers
        )
        with state.condition:
            goes_on = proceed and answer is not None and _server._is_rpc_state_active(state)
            if goes_on:
                following, self._waiting = self._waiting, None
                if following is None and not self._is_asked:
                    self._ask(answer)
                self._is_worked_on = following is not None
        if not goes_on:
            self._end(ended_well=proceed and answer is None)
        elif following is not None:
            self._pool.work(self, following)

    def _ask(self, answer: Any) -> None:  # noqa: ANN401
        """Send an answer, if it is one, and ask for the next message."""
        operations = [cygrpc.ReceiveMessageOperation(_NO_FLAGS)]
        if answer is not NUDGE:
            operations.insert(0, cygrpc.SendMessageOperation(answer, _NO_FLAGS))
            if self._state.initial_metadata_allowed:
                operations.insert(0, _server._get_initial_metadata_operation(self._state, None))
                self._state.initial_metadata_allowed = False
        self._call.start_server_batch(operations, self)
        self._state.due.add(_TOKEN)
        self._is_asked = True

    def _end(self, *, ended_well: bool) -> None:
        """Send the status where there is none yet; let go of all that the stream held."""
        self._pool.forget(self)
        if ended_well:
            _server._status(self._event, self._state, None)
        self._answers.close()
        del self._answers


def _is_stream_by_item(args: tuple[Any, ...]) -> bool:
    return (
        len(args) > 3
        and args[0] is _server._stream_response_in_pool
        and getattr(args[3], "by_item", False)
    )
