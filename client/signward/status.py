"""From gRPC status to exceptions: a failed call, or the status of one item.

The details are a ``google.rpc.Status`` in the trailing metadata ``grpc-status-details-bin``,
with an ErrorInfo, and perhaps RetryInfo and BadRequest, in it. They come over the network:
whatever does not parse is left out, and the status alone decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar, cast

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from signward.errors import FieldViolation, SignwardError, class_of

__all__ = ["from_rpc_error", "from_status"]

_DOMAIN = "signward"
_DETAILS_KEY = "grpc-status-details-bin"
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_TOO_LARGE = "message larger than max"  # grpc's core says so for both directions

_DetailT = TypeVar("_DetailT", bound=Message)


def from_status(status: status_pb2.Status) -> SignwardError:
    """Return the exception for the ``google.rpc.Status`` of a batch or stream item.

    A status of OK or an unknown number is none that an item may fail with: ``Internal``.
    """
    code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    if code is grpc.StatusCode.OK:
        code = grpc.StatusCode.UNKNOWN
    return _build(code, status.message, status)


def from_rpc_error(error: grpc.RpcError) -> SignwardError:
    """Return the exception for a call that failed, whether daemon or grpc's core ended it."""
    code = error.code()
    message = error.details() or ""
    status = status_pb2.Status()
    metadata = cast("Iterable[tuple[str, bytes]]", error.trailing_metadata() or ())
    for key, value in metadata:  # pairs, of grpc and of grpc.aio
        if key == _DETAILS_KEY:
            status = _parse(value)
            break
    return _build(code, message, status)


def _parse(value: bytes) -> status_pb2.Status:
    """Return the status in these bytes, an empty one if there is none."""
    try:
        return status_pb2.Status.FromString(value)
    except DecodeError:
        return status_pb2.Status()


def _build(code: grpc.StatusCode, message: str, status: status_pb2.Status) -> SignwardError:
    info = _find(status, error_details_pb2.ErrorInfo())
    if info.domain != _DOMAIN:
        info = error_details_pb2.ErrorInfo()
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in message:
            info.reason = "MESSAGE_TOO_LARGE"
    bad = _find(status, error_details_pb2.BadRequest())
    retry = _find(status, error_details_pb2.RetryInfo())
    return class_of(code)(
        message,
        status=code,
        reason=info.reason,
        metadata=dict(info.metadata),
        violations=[FieldViolation(v.field, v.description) for v in bad.field_violations],
        retry_after=_seconds(retry),
    )


def _find(status: status_pb2.Status, detail: _DetailT) -> _DetailT:
    """Return the first detail of this type that parses, else the empty one."""
    for packed in status.details:
        try:
            if packed.Unpack(detail):
                return detail
        except DecodeError:
            detail.Clear()
    return detail


def _seconds(retry: error_details_pb2.RetryInfo) -> float | None:
    if not retry.HasField("retry_delay"):
        return None
    seconds: float = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    return max(0.0, seconds)
