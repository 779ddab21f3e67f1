"""Unary calls: a deadline, typed errors, and retries where they are safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import grpc

from signward.errors import SignwardError, Unavailable
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
        if timeout is None:
            timeout = self._timeout
        start = self._policy.clock()
        try:
            return self._method(request, timeout)
        except grpc.RpcError as error:
            failure = from_rpc_error(error)
            if not isinstance(failure, Unavailable) or not self._repeatable(request):
                raise failure from error
        return self._repeat(request, start + timeout, failure)

    def _repeat(self, request: _RequestT, deadline: float, failure: SignwardError) -> _ResponseT:
        """Call again after a first failure, until success, another error or the last attempt."""
        policy = self._policy
        for attempt in range(1, policy.attempts):
            delay = policy.delay(attempt, failure.retry_after)
            if policy.clock() + delay >= deadline:
                break
            policy.sleep(delay)
            try:
                return self._method(request, deadline - policy.clock())
            except grpc.RpcError as error:
                failure = from_rpc_error(error)
                if not isinstance(failure, Unavailable):
                    raise failure from error
        raise failure
