"""A channel whose every call carries an API key, also for stubs that others put on it.

The key goes out as ``authorization: Bearer``, RFC 6750, section 2.1. It is metadata of each call
and not grpc's call credentials, which run a Python plug-in on a thread of its own for every call:
a unary call then takes three times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import grpc

__all__ = ["BearerChannel", "authorization"]

_Metadata = Sequence[tuple[str, str | bytes]]


def authorization(api_key: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that an API key goes out as."""
    return (("authorization", f"Bearer {api_key}"),)


class BearerChannel(grpc.Channel):
    """Adds the API key to all calls of another channel, which must be over TLS.

    Args:
        channel: Makes the calls.
        api_key: The secret.
    """

    def __init__(self, channel: grpc.Channel, api_key: str) -> None:
        self._channel = channel
        self._metadata = authorization(api_key)

    def unary_unary(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a method with one request and one answer."""
        return _OneAnswer(self._channel.unary_unary(*arguments, **options), self._metadata)

    def unary_stream(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a method with one request and many answers."""
        return _Answers(self._channel.unary_stream(*arguments, **options), self._metadata)

    def stream_unary(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a method with many requests and one answer."""
        return _OneAnswer(self._channel.stream_unary(*arguments, **options), self._metadata)

    def stream_stream(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a method with many requests and many answers."""
        return _Answers(self._channel.stream_stream(*arguments, **options), self._metadata)

    def subscribe(self, callback: Any, try_to_connect: bool = False) -> None:  # noqa: ANN401 -- as grpc's
        """Tell a callback of each change of the connection."""
        self._channel.subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Any) -> None:  # noqa: ANN401 -- as grpc's
        """Tell it no more."""
        self._channel.unsubscribe(callback)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


class _Answers:
    """A method, as grpc's multi-callables are."""

    __slots__ = ("_metadata", "_method")

    def __init__(self, method: Any, metadata: _Metadata) -> None:  # noqa: ANN401 -- as grpc's
        self._method = method
        self._metadata = metadata

    def __call__(
        self,
        request: Any,  # noqa: ANN401 -- as grpc's
        timeout: float | None = None,
        metadata: _Metadata | None = None,
        **options: Any,  # noqa: ANN401 -- as grpc's
    ) -> Any:  # noqa: ANN401 -- as grpc's
        return self._method(request, timeout, self._with(metadata), **options)

    def _with(self, metadata: _Metadata | None) -> _Metadata:
        return (*metadata, *self._metadata) if metadata else self._metadata


class _OneAnswer(_Answers):
    """A method with one answer, which can be had in two more ways."""

    __slots__ = ()

    def with_call(
        self,
        request: Any,  # noqa: ANN401 -- as grpc's
        timeout: float | None = None,
        metadata: _Metadata | None = None,
        **options: Any,  # noqa: ANN401 -- as grpc's
    ) -> Any:  # noqa: ANN401 -- as grpc's
        """Return the answer and the call."""
        return self._method.with_call(request, timeout, self._with(metadata), **options)

    def future(
        self,
        request: Any,  # noqa: ANN401 -- as grpc's
        timeout: float | None = None,
        metadata: _Metadata | None = None,
        **options: Any,  # noqa: ANN401 -- as grpc's
    ) -> Any:  # noqa: ANN401 -- as grpc's
        """Return a future of the answer."""
        return self._method.future(request, timeout, self._with(metadata), **options)
