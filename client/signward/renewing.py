"""A channel over whatever connection a ``Renewal`` has, also for stubs that others put on it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Self

import grpc

from signward.connection import Connection
from signward.renewal import Renewal

__all__ = ["RenewingChannel"]

_Metadata = Sequence[tuple[str, str | bytes]]
_Watcher = Callable[[grpc.ChannelConnectivity], None]


class RenewingChannel(grpc.Channel):
    """Each call goes over the connection that is in use when it starts, to its end.

    Args:
        renewal: Says which one that is.
    """

    def __init__(self, renewal: Renewal) -> None:
        self._renewal = renewal
        self._watchers: list[_Watcher] = []
        self._lock = threading.Lock()
        renewal.follow(self._watch_anew)

    def unary_unary(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a method with one request and one answer."""
        return _OneAnswer(self._renewal, lambda channel: channel.unary_unary(*arguments, **options))

    def unary_stream(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a method with one request and many answers."""
        return _Answers(self._renewal, lambda channel: channel.unary_stream(*arguments, **options))

    def stream_unary(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a method with many requests and one answer."""
        return _OneAnswer(
            self._renewal, lambda channel: channel.stream_unary(*arguments, **options)
        )

    def stream_stream(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a method with many requests and many answers."""
        return _Answers(self._renewal, lambda channel: channel.stream_stream(*arguments, **options))

    def subscribe(self, callback: _Watcher, try_to_connect: bool = False) -> None:
        """Tell a callback of each change of the connection in use."""
        with self._lock:
            self._watchers.append(callback)
            self._renewal.current.channel.subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: _Watcher) -> None:
        """Tell it no more."""
        with self._lock:
            if callback in self._watchers:
                self._watchers.remove(callback)
            self._renewal.current.channel.unsubscribe(callback)

    def close(self) -> None:
        """Close every connection."""
        self._renewal.close()

    def _watch_anew(self, old: Connection, new: Connection) -> None:
        with self._lock:
            for callback in self._watchers:
                old.channel.unsubscribe(callback)
                new.channel.unsubscribe(callback)  # it may just have come
                new.channel.subscribe(callback, try_to_connect=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


class _Calls:
    """What all multi-callables have.

    Args:
        renewal: Says which connection is in use.
        make: Makes the method of a channel.
    """

    __slots__ = ("_last", "_make", "_renewal")

    def __init__(self, renewal: Renewal, make: Callable[[grpc.Channel], Any]) -> None:
        self._renewal = renewal
        self._make = make
        self._last = self._of(renewal.current)

    def _now(self) -> tuple[Connection, Any]:
        """Return the connection in use, to be held while the call runs, and its method."""
        connection = self._renewal.connection()
        known, method = self._last
        if known() is not connection:
            known, method = self._last = self._of(connection)
        return connection, method

    def _of(self, connection: Connection) -> tuple[weakref.ref[Connection], Any]:
        return weakref.ref(connection), self._make(connection.channel)


class _Answers(_Calls):
    """A method with many answers."""

    __slots__ = ()

    def __call__(
        self,
        request: Any,  # noqa: ANN401 -- as grpc's
        timeout: float | None = None,
        metadata: _Metadata | None = None,
        **options: Any,  # noqa: ANN401 -- as grpc's
    ) -> Any:  # noqa: ANN401 -- as grpc's
        connection, method = self._now()
        return _kept(connection, method(request, timeout, metadata, **options))


class _OneAnswer(_Calls):
    """A method with one answer, which can be had in three ways."""

    __slots__ = ()

    def __call__(
        self,
        request: Any,  # noqa: ANN401 -- as grpc's
        timeout: float | None = None,
        metadata: _Metadata | None = None,
        **options: Any,  # noqa: ANN401 -- as grpc's
    ) -> Any:  # noqa: ANN401 -- as grpc's
        _held, method = self._now()
        return method(request, timeout, metadata, **options)

    def with_call(self, request: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return the answer and the call."""
        _held, method = self._now()
        return method.with_call(request, *arguments, **options)

    def future(self, request: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a future of the answer."""
        connection, method = self._now()
        return _kept(connection, method.future(request, *arguments, **options))


def _kept(connection: Connection, call: Any) -> Any:  # noqa: ANN401 -- as grpc's
    """Tie a connection to a call, so that it lives while an answer may be asked for."""
    call.signward_connection = connection
    return call
