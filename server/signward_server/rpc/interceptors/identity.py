"""Who calls: set on the call before anything else is done for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from signward_server.rpc.call import GrpcCall
from signward_server.rpc.leaf import Leaves

__all__ = ["identified"]

_Q = TypeVar("_Q")
_R = TypeVar("_R")


def identified(
    following: Callable[[_Q, GrpcCall], _R], leaves: Leaves
) -> Callable[[_Q, GrpcCall], _R]:
    """Wrap a behaviour; it then knows its caller."""

    def behaviour(request: _Q, call: GrpcCall) -> _R:
        call.leaf = leaves.of(call.context)
        return following(request, call)

    return behaviour
