"""How a method of the client is described once and becomes two: one that waits, one to await.

A method is written as what it sends and what it makes of the answer::

    _GET_KEY = Rpc(KeyServiceStub, lambda stub: stub.GetKey)

    @unary
    def get_key(self, key_id: str, *, timeout: float | None = None) -> Plan[resources.Key]:
        '''Read a key.'''
        return (yield from _GET_KEY(pb.GetKeyRequest(key_id=key_id), timeout)).key

A plan that hands on the answer as it is may ``return _GET_KEY(...)``.

``signward.Client`` has it as ``def get_key(...) -> Key``, ``signward.aio.Client`` as ``async def``.
Whoever makes the calls is the client's ``Transport``, of which each of the two has its own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    TypeVar,
    overload,
)

from signward.plans import Pages, Plan

if TYPE_CHECKING:
    from signward.aio.audit_tail import AuditTail as AwaitingAuditTail
    from signward.aio.stream import SignStream as AwaitingSignStream
    from signward.aio.transport import Transport as AwaitingTransport
    from signward.audit_tail import AuditTail
    from signward.stream import SignStream
    from signward.transport import Transport as BlockingTransport
    from signward.v1 import audit_pb2

__all__ = [
    "Awaiting",
    "Blocking",
    "Method",
    "followed",
    "paged",
    "streamed",
    "unary",
]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_BlockingT = TypeVar("_BlockingT")
_AwaitingT = TypeVar("_AwaitingT")


class Blocking:
    """What has methods that return when the answer is there."""

    _transport: BlockingTransport


class Awaiting:
    """What has methods to be awaited."""

    _transport: AwaitingTransport


class Method(Generic[_P, _BlockingT, _AwaitingT]):
    """A method of both clients; each sees its own.

    Args:
        blocking: For ``Blocking``.
        awaiting: For ``Awaiting``.
    """

    def __init__(
        self,
        blocking: Callable[Concatenate[Any, _P], _BlockingT],
        awaiting: Callable[Concatenate[Any, _P], _AwaitingT],
    ) -> None:
        self._blocking: Any = blocking
        self._awaiting: Any = awaiting
        self.__doc__ = blocking.__doc__

    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[_P, _BlockingT]: ...
    @overload
    def __get__(self, instance: Awaiting, owner: type) -> Callable[_P, _AwaitingT]: ...
    @overload
    def __get__(self, instance: None, owner: type) -> Callable[..., Any]: ...
    def __get__(self, instance: object, owner: type) -> Any:
        function = self._awaiting if issubclass(owner, Awaiting) else self._blocking
        return function.__get__(instance, owner)


def unary(
    build: Callable[Concatenate[Any, _P], Plan[_T]],
) -> Method[_P, _T, Coroutine[Any, Any, _T]]:
    """Make a method of a plan: it returns what the plan does."""
    result = _inner(build)

    @_like(build, result)
    def blocking(self: Blocking, /, *arguments: _P.args, **options: _P.kwargs) -> _T:
        return self._transport.unary(build(self, *arguments, **options))

    @_like(build, result)
    async def awaiting(self: Awaiting, /, *arguments: _P.args, **options: _P.kwargs) -> _T:
        return await self._transport.unary(build(self, *arguments, **options))

    return Method(blocking, awaiting)


def paged(
    build: Callable[Concatenate[Any, _P], Pages[_T]],
) -> Method[_P, Iterator[_T], AsyncIterator[_T]]:
    """Make a method of pages: it returns an iterator that reads them as they are needed."""
    item = _inner(build)

    @_like(build, f"Iterator[{item}]")
    def blocking(self: Blocking, /, *arguments: _P.args, **options: _P.kwargs) -> Iterator[_T]:
        return self._transport.pages(build(self, *arguments, **options))

    @_like(build, f"AsyncIterator[{item}]")
    def awaiting(self: Awaiting, /, *arguments: _P.args, **options: _P.kwargs) -> AsyncIterator[_T]:
        return self._transport.pages(build(self, *arguments, **options))

    return Method(blocking, awaiting)


def followed(
    build: Callable[Concatenate[Any, _P], audit_pb2.TailAuditRecordsRequest],
) -> Method[_P, AuditTail, AwaitingAuditTail]:
    """Make a method of the request that a tail begins with."""

    @_like(build, "AuditTail")
    def blocking(self: Blocking, /, *arguments: _P.args, **options: _P.kwargs) -> AuditTail:
        return self._transport.tail(build(self, *arguments, **options))

    @_like(build, "AuditTail")
    def awaiting(self: Awaiting, /, *arguments: _P.args, **options: _P.kwargs) -> AwaitingAuditTail:
        return self._transport.tail(build(self, *arguments, **options))

    return Method(blocking, awaiting)


def streamed(
    build: Callable[Concatenate[Any, _P], float | None],
) -> Method[_P, SignStream, AwaitingSignStream]:
    """Make a method of how many seconds a signing stream may live."""

    @_like(build, "SignStream")
    def blocking(self: Blocking, /, *arguments: _P.args, **options: _P.kwargs) -> SignStream:
        return self._transport.stream(build(self, *arguments, **options))

    @_like(build, "SignStream")
    def awaiting(
        self: Awaiting, /, *arguments: _P.args, **options: _P.kwargs
    ) -> AwaitingSignStream:
        return self._transport.stream(build(self, *arguments, **options))

    return Method(blocking, awaiting)


def _inner(build: Callable[..., object]) -> str:
    """Return the ``T`` of a ``Plan[T]`` or ``Pages[T]``, as it is written."""
    written: str = build.__annotations__["return"]
    return written.partition("[")[2].removesuffix("]")


def _like(build: Callable[..., object], returns: str) -> Callable[[_T], _T]:
    """Let a function look as what it is made of, but for what it returns."""

    def dress(function: _T) -> _T:
        made: Any = functools.update_wrapper(function, build)  # type: ignore[arg-type]
        made.__signature__ = inspect.signature(build).replace(return_annotation=returns)
        return function

    return dress
