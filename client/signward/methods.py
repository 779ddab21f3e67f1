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
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    overload,
)

import grpc

from signward.calls import never

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
    "Call",
    "Method",
    "Pages",
    "Plan",
    "Rpc",
    "followed",
    "has_request_id",
    "paged",
    "streamed",
    "unary",
]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_BlockingT = TypeVar("_BlockingT")
_AwaitingT = TypeVar("_AwaitingT")
_StubT = TypeVar("_StubT")
_RequestT = TypeVar("_RequestT")
_ResponseT = TypeVar("_ResponseT")


class Blocking:
    """What has methods that return when the answer is there."""

    _transport: BlockingTransport


class Awaiting:
    """What has methods to be awaited."""

    _transport: AwaitingTransport


@dataclass(frozen=True, slots=True)
class Call:
    """A call to be made.

    Attributes:
        rpc: What is called.
        request: The generated message.
        timeout: Seconds for all attempts together; ``None``: the client's.
    """

    rpc: Rpc[Any, Any]
    request: Any
    timeout: float | None


# Yields the calls to be made, is sent their answers or thrown their errors, and returns.
Plan: TypeAlias = Generator[Call, Any, _T]


class _Identified(Protocol):
    @property
    def request_id(self) -> str: ...


def has_request_id(request: _Identified) -> bool:
    """Say whether the daemon recognises this request when it comes again."""
    return bool(request.request_id)


class Rpc(Generic[_RequestT, _ResponseT]):
    """A unary method of the daemon, whatever channel it is called on.

    Args:
        service: The generated stub's class.
        method: Finds the method in a stub.
        repeatable: Whether the daemon recognises this request when it comes again.
    """

    __slots__ = ("_method", "_service", "repeatable")

    def __init__(
        self,
        service: type[_StubT],
        method: Callable[[_StubT], grpc.UnaryUnaryMultiCallable[_RequestT, _ResponseT]],
        repeatable: Callable[[_RequestT], bool] = never,
    ) -> None:
        self._service: Callable[..., Any] = service
        self._method: Callable[[Any], Any] = method
        self.repeatable = repeatable

    def on(self, channel: grpc.Channel | grpc.aio.Channel) -> Any:  # noqa: ANN401 -- of either kind
        """Return the method of a channel."""
        return self._method(self._service(channel))

    def __call__(self, request: _RequestT, timeout: float | None) -> Plan[_ResponseT]:
        """Call: a plan of its own, and ``yield from`` makes it part of another.

        Raises:
            SignwardError: The class of the status that the call ended with.
        """
        answer: _ResponseT = yield Call(self, request, timeout)
        return answer


class _PageRequest(Protocol):
    page_token: str


class _Page(Protocol):
    @property
    def next_page_token(self) -> str: ...


_PageRequestT = TypeVar("_PageRequestT", bound=_PageRequest)
_PageT = TypeVar("_PageT", bound=_Page)


class Pages(Generic[_T]):
    """A list that is read page by page.

    Args:
        rpc: Reads a page.
        request: For the first one.
        timeout: Seconds for each page; ``None``: the client's.
        items: Finds what is listed in a page.

    Attributes:
        has_more: Whether there may be another page.
    """

    def __init__(
        self,
        rpc: Rpc[_PageRequestT, _PageT],
        request: _PageRequestT,
        timeout: float | None,
        items: Callable[[_PageT], Iterable[_T]],
    ) -> None:
        self._rpc: Rpc[Any, Any] = rpc
        self._request = request
        self._timeout = timeout
        self._items: Callable[[Any], Iterable[_T]] = items
        self.has_more = True

    def turn(self) -> Plan[Iterable[_T]]:
        """Read the next page; return what it lists."""
        page = yield from self._rpc(self._request, self._timeout)
        self._request.page_token = page.next_page_token
        self.has_more = bool(page.next_page_token)
        return self._items(page)


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
