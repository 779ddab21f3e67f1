"""Errors as gRPC status: a code, a constant text, exactly one ErrorInfo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from signward_server.core.errors import SignwardError, Status

__all__ = ["DOMAIN", "Refusal", "abort", "code_of", "status_of"]

DOMAIN = "signward"
_DETAILS_KEY = "grpc-status-details-bin"
_CODES = {code.value[0]: code for code in grpc.StatusCode}


def code_of(status: Status) -> grpc.StatusCode:
    """Return grpcio's name for a status."""
    return _CODES[status.value]


def status_of(error: SignwardError) -> status_pb2.Status:
    """Return the whole story: ErrorInfo, then RetryInfo and BadRequest where they help."""
    status = status_pb2.Status(code=error.status.value, message=error.text)
    _add(
        status,
        error_details_pb2.ErrorInfo(
            reason=error.reason, domain=DOMAIN, metadata=dict(error.metadata)
        ),
    )
    if error.retry_after is not None:
        delay = duration_pb2.Duration()
        delay.FromNanoseconds(int(error.retry_after * 1e9))
        _add(status, error_details_pb2.RetryInfo(retry_delay=delay))
    if error.violations:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.description)
            for v in error.violations
        ]
        _add(status, error_details_pb2.BadRequest(field_violations=violations))
    return status


@dataclass(frozen=True, slots=True)
class Refusal:
    """The end of a call, ready to be sent.

    Attributes:
        code: grpcio's code.
        text: Constant text.
        details: The serialised status.
    """

    code: grpc.StatusCode
    text: str
    details: bytes

    @classmethod
    def of(cls, error: SignwardError) -> Refusal:
        """Return what is sent for an error; nothing of the error itself is kept."""
        return cls(code_of(error.status), error.text, status_of(error).SerializeToString())


def abort(context: grpc.ServicerContext, refusal: Refusal) -> NoReturn:
    """End the call. For the outermost interceptor and the router alone.

    Raises:
        Exception: grpcio's own way out of a handler; nothing may catch it.
    """
    context.set_trailing_metadata(((_DETAILS_KEY, refusal.details),))
    context.abort(refusal.code, refusal.text)
    raise AssertionError("abort returned")


def _add(
    status: status_pb2.Status,
    detail: error_details_pb2.ErrorInfo
    | error_details_pb2.RetryInfo
    | error_details_pb2.BadRequest,
) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status.details.append(packed)
