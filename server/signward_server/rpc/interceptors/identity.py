"""Who calls: set on the call before anything else is done for it.

Failures are counted by peer, successes never are: a valid credential is served whatever else
comes from its address (S43).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from signward_server.core.errors import SignwardError, Status
from signward_server.core.ports import AuthenticationFailures
from signward_server.rpc.authentication import Authenticator
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.standing import ANONYMOUS

__all__ = ["anonymous", "identified", "identified_stream"]

_Q = TypeVar("_Q")
_R = TypeVar("_R")
_Stream = Callable[[Iterator[bytes], GrpcCall], Iterator[bytes]]


def identified(
    following: Callable[[_Q, GrpcCall], _R],
    authenticator: Authenticator,
    failures: AuthenticationFailures,
) -> Callable[[_Q, GrpcCall], _R]:
    """Wrap a behaviour with one answer; it then knows its caller."""

    def behaviour(request: _Q, call: GrpcCall) -> _R:
        try:
            call.standing = authenticator.of(call.context)
            return following(request, call)
        except SignwardError as error:
            refusal = _answer(failures, call, error)
        try:
            raise refusal
        finally:
            del refusal  # its traceback holds this frame

    return behaviour


def identified_stream(
    following: _Stream, authenticator: Authenticator, failures: AuthenticationFailures
) -> _Stream:
    """Wrap a behaviour with many messages; a caller that stops being valid is a failure too."""

    def behaviour(requests: Iterator[bytes], call: GrpcCall) -> Iterator[bytes]:
        try:
            call.standing = authenticator.of(call.context)
            yield from following(requests, call)
        except SignwardError as error:
            refusal = _answer(failures, call, error)
        else:
            return
        try:
            raise refusal
        finally:
            del refusal

    return behaviour


def anonymous(following: Callable[[_Q, GrpcCall], _R]) -> Callable[[_Q, GrpcCall], _R]:
    """Wrap a behaviour that is exempt: whatever a caller has shown, nobody asks."""

    def behaviour(request: _Q, call: GrpcCall) -> _R:
        call.standing = ANONYMOUS
        return following(request, call)

    return behaviour


def _answer(
    failures: AuthenticationFailures, call: GrpcCall, error: SignwardError
) -> SignwardError:
    """Return what the peer is told; only what it could have shown better counts."""
    error.with_traceback(None)
    if error.status is not Status.UNAUTHENTICATED:
        return error
    return failures.answer(call.address, error)
