"""The outermost interceptor: the only one that ends a call with an error.

What it does not know becomes a constant text, because grpcio would send the text of an
exception to the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import grpc

from signward_server.core.errors import SignwardError
from signward_server.core.unexpected import unexpected
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.status import abort

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
            known = error
        except Exception as error:  # noqa: BLE001  # the last line before grpcio
            known = unexpected(error)
        return abort(context, known)

    return behaviour


def streaming_boundary(
    following: _Streaming, make_call: _MakeCall
) -> Callable[[Iterator[bytes], grpc.ServicerContext], Iterator[bytes]]:
    """Wrap a behaviour with many answers."""

    def behaviour(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        try:
            yield from following(requests, make_call(context))
        except SignwardError as error:
            known = error
        except grpc.RpcError:
            return  # the caller has gone: grpcio raises this from the request iterator
        except Exception as error:  # noqa: BLE001  # the last line before grpcio
            known = unexpected(error)
        else:
            return
        abort(context, known)

    return behaviour
