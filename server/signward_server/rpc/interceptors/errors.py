"""The outermost interceptor: the only one that ends a call with an error.

What it does not know becomes a constant text, because grpcio would send the text of an
exception to the caller.

No frame keeps an error that passed through it: error, traceback and frame would be a cycle,
and what it holds of a call keeps the call's HTTP/2 stream open until cycles are collected.
A connection has a bounded number of streams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import grpc

from signward_server.core.errors import Cancelled, SignwardError
from signward_server.core.unexpected import unexpected
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.endings import Endings
from signward_server.rpc.status import Refusal, abort

__all__ = ["streaming_boundary", "unary_boundary"]

_Unary = Callable[[Iterator[bytes], GrpcCall], bytes]
_Streaming = Callable[[Iterator[bytes], GrpcCall], Iterator[bytes]]


def unary_boundary(
    following: _Unary, method: str, endings: Endings
) -> Callable[[Iterator[bytes], grpc.ServicerContext], bytes]:
    """Wrap a behaviour with one answer."""

    def behaviour(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        call = GrpcCall(context, method, endings)
        try:
            answer = following(requests, call)
        except SignwardError as error:
            refusal = _refused(endings, call, error)
        except Exception as error:  # noqa: BLE001  # the last line before grpcio
            refusal = _refused(endings, call, unexpected(error, call.trace_id))
        else:
            endings.ended(call, None)
            return answer
        return abort(context, refusal)

    return behaviour


def streaming_boundary(
    following: _Streaming, method: str, endings: Endings
) -> Callable[[Iterator[bytes], grpc.ServicerContext], Iterator[bytes]]:
    """Wrap a behaviour with many answers."""

    def behaviour(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        call = GrpcCall(context, method, endings)
        try:
            yield from following(requests, call)
        except SignwardError as error:
            refusal = _refused(endings, call, error)
        except grpc.RpcError as gone:  # raised by the request iterator
            gone.__traceback__ = None  # grpcio keeps the error
            endings.ended(call, Cancelled())
            return
        except GeneratorExit:  # nobody takes the answers any more
            endings.ended(call, Cancelled())
            raise
        except Exception as error:  # noqa: BLE001  # the last line before grpcio
            refusal = _refused(endings, call, unexpected(error, call.trace_id))
        else:
            endings.ended(call, None)
            return
        abort(context, refusal)

    return behaviour


def _refused(endings: Endings, call: GrpcCall, error: SignwardError) -> Refusal:
    """Tell of a call that failed, and return what its caller is told."""
    endings.ended(call, error)
    return Refusal.of(error)
