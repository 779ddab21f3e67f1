"""How often: the limits on calls, before their content is looked at.

What is counted by items passes: the signing path counts each one, with its key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Limits
from signward_server.rpc.call import GrpcCall

__all__ = ["limited"]

_Q = TypeVar("_Q")
_R = TypeVar("_R")


def limited(
    following: Callable[[_Q, GrpcCall], _R], limits: Limits, what: MethodClass
) -> Callable[[_Q, GrpcCall], _R]:
    """Wrap a behaviour; it then runs only as often as the limits admit."""
    if what is MethodClass.SIGN:
        return following

    def behaviour(request: _Q, call: GrpcCall) -> _R:
        limits.admit(call.identity, what)
        return following(request, call)

    return behaviour
