"""Threads for streams, of which those that answer item by item take one only now and then.

The serving thread works on an item itself if that cannot block and few calls are in hand, and
hands it over otherwise. Streams that are silent are nudged from time to time, so that each
ends with its caller's right to it.

``supported`` compares what ``rpc.item_stream`` takes of grpcio with what it must be; where it
says no, streams are served by threads (``rpc.ahead``).
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

from grpc import _server

from signward_server.rpc.item_stream import NUDGE, ItemStream
from signward_server.rpc.pools import start_all
from signward_server.rpc.routes import Swift

__all__ = ["NUDGE", "StreamPool", "mark", "supported"]

_log = logging.getLogger(__name__)

_LOOK_AGAIN = 0.5  # seconds
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
    behaviour.by_item = True  # type: ignore[attr-defined]  # a function's
    behaviour.swift = swift  # type: ignore[attr-defined]  # a function's


class StreamPool(futures.ThreadPoolExecutor):
    """Threads for streams; implements ``item_stream.Workers`` for those that are marked.

    Args:
        size: Number of threads, at least as many as there may be streams.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size, thread_name_prefix="stream")
        start_all(self, size)
        self._open: set[ItemStream] = set()
        self._stopped = threading.Event()
        threading.Thread(target=self._nudge, name="stream-nudge", daemon=True).start()

    def submit(  # type: ignore[override]  # grpcio takes None for "nobody counts"
        self,
        fn: Callable[..., Any],
        /,
        *args: Any,  # noqa: ANN401  # grpcio's own
        **kwargs: Any,  # noqa: ANN401  # grpcio's own
    ) -> futures.Future[Any] | None:
        """Take over a stream that is marked; run everything else on a thread.

        grpcio calls this on the serving thread, with the lock of the call's state held.
        """
        if args and args[0] is _server._stream_response_in_pool:
            _, event, state, behaviour, *_ = args
            if getattr(behaviour, "by_item", False):
                stream = ItemStream(self, event, state, behaviour)
                self._open.add(stream)
                stream.open()
                return None
        return super().submit(fn, *args, **kwargs)

    def takes(self, stream: ItemStream, message: bytes) -> bool:
        """Return whether a thread takes a message, since working on it may block."""
        swift: Swift | None = getattr(stream.behaviour, "swift", None)
        if swift is None:
            return True
        try:
            return not swift(message)
        except Exception as error:  # noqa: BLE001  # it would end the serving thread
            _log.error("unexpected error", extra={"kind": type(error).__name__})
            return True

    def take(self, stream: ItemStream, message: Any) -> None:  # noqa: ANN401  # grpcio's own
        """Have a thread work on a message."""
        try:
            super().submit(stream.work, message)
        except RuntimeError:  # the pool has been shut down
            stream.cancel()

    def forget(self, stream: ItemStream) -> None:
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
