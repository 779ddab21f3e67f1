"""Unary calls: a deadline, typed errors, and retries where they are safe."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import grpc

from signward.errors import Cancelled
from signward.retry import RetryPolicy
from signward.status import from_rpc_error

__all__ = ["UnaryCall", "was_cancelled_here"]

_RequestT = TypeVar("_RequestT")
_ResponseT = TypeVar("_ResponseT")


def was_cancelled_here() -> bool:
    """Say of a ``CancelledError`` that this task is to end, rather than a call that it awaits."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


class UnaryCall(Generic[_RequestT, _ResponseT]):
    """One method of the daemon.

    Args:
        method: The generated stub's method.
        timeout: Deadline in seconds for calls that name none.
        policy: How to retry.
        repeatable: Whether the daemon recognises this request when it comes again.
        ready: Waits as a new call has to.
    """

    __slots__ = ("_method", "_policy", "_ready", "_repeatable", "_timeout")

    def __init__(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[_RequestT, _ResponseT],
        timeout: float,
        policy: RetryPolicy,
        repeatable: Callable[[_RequestT], bool],
        ready: Callable[[], Awaitable[object]],
    ) -> None:
        self._method = method
        self._timeout = timeout
        self._policy = policy
        self._repeatable = repeatable
        self._ready = ready

    async def __call__(self, request: _RequestT, timeout: float | None = None) -> _ResponseT:
        """Call and return the answer.

        Args:
            request: The generated message.
            timeout: Seconds for all attempts together; ``None``: the client's.

        Raises:
            SignwardError: The class of the status that the call ended with.
        """
        policy = self._policy
        left = self._timeout if timeout is None else timeout
        deadline = policy.clock() + left
        attempt = 1
        while True:
            await self._ready()
            try:
                return await self._method(request, timeout=left)
            except grpc.RpcError as error:
                failure = from_rpc_error(error)
                pause = None
                if self._repeatable(request):
                    pause = policy.pause(attempt, failure, deadline)
                if pause is None:
                    raise failure from error
            except asyncio.CancelledError as error:
                if was_cancelled_here():
                    raise
                raise Cancelled("the connection was closed on this side") from error
            await asyncio.sleep(pause)
            left = deadline - policy.clock()
            attempt += 1
