"""Reading a stream one message ahead, so that a thread rarely waits for the next.

grpcio asks for a stream's next message when the last answer has been sent; the thread then
sleeps twice for each item. Here the next message is on its way while an item is worked on
and its answer sent. One message of a stream waits at most: flow control holds back the rest.

As ``rpc.early`` this takes names that grpcio does not promise, compared by ``supported``.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from grpc import _server

__all__ = ["read_ahead", "supported"]

_PARAMETERS = {
    "__init__": ["self", "state", "call", "request_deserializer"],
    "_raise_or_start_receive_message": ["self"],
}
_CONSTANTS = ("_RECEIVE_MESSAGE_TOKEN", "_CANCELLED", "_is_rpc_state_active", "_raise_rpc_error")


def supported(server: Any = _server) -> bool:  # noqa: ANN401  # a module, or a test's stand-in
    """Return whether grpcio's iterator of requests is made of the parts that are used here."""
    iterator = getattr(server, "_RequestIterator", None)
    for name, parameters in _PARAMETERS.items():
        function = getattr(iterator, name, None)
        if function is None or list(inspect.signature(function).parameters) != parameters:
            return False
    return all(hasattr(server, name) for name in _CONSTANTS)


def read_ahead(requests: Any) -> Iterator[bytes]:  # noqa: ANN401  # grpcio's iterator
    """Yield the messages of grpcio's iterator, each asked for while the last is worked on.

    Raises:
        grpc.RpcError: The caller has gone.
    """
    state = requests._state
    with state.condition:
        requests._raise_or_start_receive_message()
    while (message := _next(requests, state)) is not None:
        yield message


def _next(requests: Any, state: Any) -> bytes | None:  # noqa: ANN401
    """Wait for a message and ask for the one after it; return ``None`` after the last."""
    with state.condition:
        while state.request is None:
            if state.client is _server._CANCELLED:
                _server._raise_rpc_error(state)
            if _server._RECEIVE_MESSAGE_TOKEN not in state.due:
                return None
            state.condition.wait()
        message: bytes = state.request
        state.request = None
        if _server._is_rpc_state_active(state):
            requests._raise_or_start_receive_message()
        return message
