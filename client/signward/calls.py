"""Unary calls: a deadline, typed errors, and retries where they are safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import grpc

from signward.retry import RetryPolicy
from signward.status import from_rpc_error

__all__ = ["UnaryCall", "never"]

_RequestT = TypeVar("_RequestT")
_ResponseT = TypeVar("_ResponseT")


def never(_request: object) -> bool:
    """Say of any request that it must not be sent again."""
    return False


class UnaryCall(Generic[_RequestT, _ResponseT]):
    """One method of the daemon. Costs little more than the bare call while nothing fails.

    Args:
        method: The generated stub's method.
        timeout: Deadline in seconds for calls that name none.
        policy: How to retry.
        repeatable: Whether the daemon recognises this request when it comes again.
    """

    __slots__ = ("_method", "_policy", "_repeatable", "_timeout")

    def __init__(
        self,
        method: grpc.UnaryUnaryMultiCallable[_RequestT, _ResponseT],
        timeout: float,
        policy: RetryPolicy,
        repeatable: Callable[[_RequestT], bool] = never,
    ) -> None:
        self._method = method
        self._timeout = timeout
        self._policy = policy
        self._repeatable = repeatable

    def __call__(self, request: _RequestT, timeout: float | None = None) -> _ResponseT:
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
            try:
                return self._method(request, left)
            except grpc.RpcError as error:
                failure = from_rpc_error(error)
                pause = None
                if self._repeatable(request):
                    pause = policy.pause(attempt, failure, deadline)
                if pause is None:
                    raise failure from error
            policy.sleep(pause)
            left = deadline - policy.clock()
            attempt += 1
