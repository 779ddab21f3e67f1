"""``google.rpc.Status`` messages as the daemon makes them."""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

__all__ = ["pack", "status"]


def pack(detail: Message) -> Any:
    packed = Any()
    packed.Pack(detail)
    return packed


def status(
    code: str,
    reason: str,
    message: str = "A constant text.",
    *,
    metadata: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
    retry_after: float | None = None,
    domain: str = "signward",
) -> status_pb2.Status:
    """Return a status with an ErrorInfo, and RetryInfo and BadRequest where they are given."""
    result = status_pb2.Status(code=grpc.StatusCode[code].value[0], message=message)
    info = error_details_pb2.ErrorInfo(reason=reason, domain=domain, metadata=metadata or {})
    result.details.append(pack(info))
    if retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromNanoseconds(int(retry_after * 1e9))
        result.details.append(pack(retry))
    if fields:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=name, description=text)
            for name, text in fields.items()
        ]
        result.details.append(pack(error_details_pb2.BadRequest(field_violations=violations)))
    return result
