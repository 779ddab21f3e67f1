"""Reading a stream one message ahead, so that a thread rarely waits for the next.

grpcio asks for a stream's next message when the last answer has been sent; the thread then
sleeps twice for each item. Here the next message is on its way while an item is worked on
and its answer sent. One message of a stream waits at most: flow control holds back the rest.
A stream that is silent is looked at from time to time, so that it ends with its caller's right
to it.

As ``rpc.early`` this takes names that grpcio does not promise, compared by ``supported``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from grpc import _server

__all__ = ["read_ahead", "supported"]

_PARAMETERS = {
    "__init__": ["self", "state", "call", "request_deserializer"],
    "_raise_or_start_receive_message": ["self"],
}
_LOOK_AGAIN = 0.5  # seconds of silence
_SILENCE = object()
_CONSTANTS = ("_RECEIVE_MESSAGE_TOKEN", "_CANCELLED", "_is_rpc_state_active", "_raise_rpc_error")


def supported(server: Any = _server) -> bool:  # noqa: ANN401  # a module, or a test's stand-in
    """Return whether grpcio's iterator of requests is made of the parts that are used here."""
    iterator = getattr(server, "_RequestIterator", None)
    for name, parameters in _PARAMETERS.items():
        function = getattr(iterator, name, None)
        if function is None or list(inspect.signature(function).parameters) != parameters:
            return False
    return all(hasattr(server, name) for name in _CONSTANTS)


def read_ahead(
    requests: Any,  # noqa: ANN401  # grpcio's iterator
    check: Callable[[], None],
) -> Iterator[bytes]:
    """Yield the messages of grpcio's iterator, each asked for while the last is worked on.

    Args:
        requests: The iterator.
        check: Called while no message comes; what it raises ends the stream.

    Raises:
        grpc.RpcError: The caller has gone.
    """
    state = requests._state
    with state.condition:
        requests._raise_or_start_receive_message()
    while (message := _next(requests, state)) is not None:
        if message is _SILENCE:
            check()
        else:
            yield message


def _next(requests: Any, state: Any) -> Any:  # noqa: ANN401  # grpcio's own
    """Wait for a message and ask for the one after it.

    Returns:
        The message, ``_SILENCE`` if there is none for a while, ``None`` after the last.
    """
    with state.condition:
        while state.request is None:
            if state.client is _server._CANCELLED:
                _server._raise_rpc_error(state)
            if _server._RECEIVE_MESSAGE_TOKEN not in state.due:
                return None
            if not state.condition.wait(_LOOK_AGAIN):
                return _SILENCE
        message: bytes = state.request
        state.request = None
        if _server._is_rpc_state_active(state):
            requests._raise_or_start_receive_message()
        return message
