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

from signward_server.core.errors import SignwardError
from signward_server.core.unexpected import unexpected
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.status import Refusal, abort

__all__ = ["streaming_boundary", "unary_boundary"]

_MakeCall = Callable[[grpc.ServicerContext], GrpcCall]
_Unary = Callable[[Iterator[bytes], GrpcCall], bytes]
_Streaming = Callable[[Iterator[bytes], GrpcCall], Iterator[bytes]]


def unary_boundary(
    following: _Unary, make_call: _MakeCall
) -> Callable[[Iterator[bytes], grpc.ServicerContext], bytes]:
    """Wrap a behaviour with one answer."""

    def behaviour(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        try:
            return following(requests, make_call(context))
        except SignwardError as error:
            refusal = Refusal.of(error)
        except Exception as error:  # noqa: BLE001  # the last line before grpcio
            refusal = Refusal.of(unexpected(error))
        return abort(context, refusal)

    return behaviour


def streaming_boundary(
    following: _Streaming, make_call: _MakeCall
) -> Callable[[Iterator[bytes], grpc.ServicerContext], Iterator[bytes]]:
    """Wrap a behaviour with many answers."""

    def behaviour(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        try:
            yield from following(requests, make_call(context))
        except SignwardError as error:
            refusal = Refusal.of(error)
        except grpc.RpcError as gone:  # raised by the request iterator
            gone.__traceback__ = None  # grpcio keeps the error
            return
        except Exception as error:  # noqa: BLE001  # the last line before grpcio
            refusal = Refusal.of(unexpected(error))
        else:
            return
        abort(context, refusal)

    return behaviour
