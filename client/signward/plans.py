"""What a method of the client does, without saying how calls are made; see ``methods``."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import grpc

from signward.calls import never

__all__ = ["Call", "Pages", "Plan", "Rpc", "has_request_id"]

_T = TypeVar("_T")
_StubT = TypeVar("_StubT")
_RequestT = TypeVar("_RequestT")
_ResponseT = TypeVar("_ResponseT")


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
