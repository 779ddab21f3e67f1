"""A channel over whatever connection a ``Renewal`` has, also for stubs that others put on it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, Self

import grpc

from signward.aio.connection import Connection
from signward.aio.renewal import Renewal

__all__ = ["RenewingChannel"]

_Metadata = Sequence[tuple[str, str | bytes]]


class RenewingChannel(grpc.aio.Channel):
    """Each call goes over the connection that is in use when it starts, to its end.

    Args:
        renewal: Says which one that is.
    """

    def __init__(self, renewal: Renewal) -> None:
        self._renewal = renewal

    def unary_unary(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a method with one request and one answer."""
        return _Calls(self._renewal, lambda channel: channel.unary_unary(*arguments, **options))

    def unary_stream(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a method with one request and many answers."""
        return _Calls(self._renewal, lambda channel: channel.unary_stream(*arguments, **options))

    def stream_unary(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a method with many requests and one answer."""
        return _Calls(self._renewal, lambda channel: channel.stream_unary(*arguments, **options))

    def stream_stream(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a method with many requests and many answers."""
        return _Calls(self._renewal, lambda channel: channel.stream_stream(*arguments, **options))

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """Return the state of the connection in use."""
        return self._renewal.current.channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait until the connection in use is in another state."""
        await self._renewal.current.channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Wait until the connection in use is up."""
        await self._renewal.current.channel.channel_ready()

    async def close(self, grace: float | None = None) -> None:  # noqa: ARG002 -- as grpc's
        """Close every connection."""
        await self._renewal.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()


class _Calls:
    """A method, as grpc's multi-callables are.

    Args:
        renewal: Says which connection is in use.
        make: Makes the method of a channel.
    """

    __slots__ = ("_last", "_make", "_renewal")

    def __init__(self, renewal: Renewal, make: Callable[[grpc.aio.Channel], Any]) -> None:
        self._renewal = renewal
        self._make = make
        self._last: tuple[weakref.ref[Connection], Any] | None = None

    def __call__(
        self,
        request: Any = None,  # noqa: ANN401 -- as grpc's
        timeout: float | None = None,
        metadata: _Metadata | None = None,
        **options: Any,  # noqa: ANN401 -- as grpc's
    ) -> Any:  # noqa: ANN401 -- as grpc's
        connection = self._renewal.connection()
        last = self._last
        if last is None or last[0]() is not connection:
            last = self._last = weakref.ref(connection), self._make(connection.channel)
        metadata = (*metadata, *connection.metadata) if metadata else connection.metadata
        call = last[1](request, timeout=timeout, metadata=metadata, **options)
        call.signward_connection = connection  # which lives while an answer may be asked for
        return call
