"""What calls raise: one class for each gRPC status, with the daemon's reason on it.

The daemon's reasons are listed in the API's documentation. That list is open: a reason that
this library does not know is still an error of its status, and arrives with its text as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import grpc

__all__ = [
    "Aborted",
    "AlreadyExists",
    "Cancelled",
    "CredentialsError",
    "DataLoss",
    "DeadlineExceeded",
    "FailedPrecondition",
    "FieldViolation",
    "Internal",
    "InvalidArgument",
    "NotFound",
    "PermissionDenied",
    "ResourceExhausted",
    "SignwardError",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "class_of",
]


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of a request at fault.

    Attributes:
        field: Path of the field, such as ``raw.message``.
        description: What it must be.
    """

    field: str
    description: str


class SignwardError(Exception):
    """Root of all errors of this library; its text says what happened.

    Attributes:
        status: gRPC status of the failure.
        reason: Stable name to branch on, such as ``KEY_NOT_FOUND``. Where the daemon gave none
            (grpc answered by itself), the name of the status.
        metadata: Names and numbers that go with the reason; often empty.
        violations: Fields at fault, for ``InvalidArgument``.
        retry_after: Seconds after which another try makes sense, ``None`` when not said.
    """

    default_status: ClassVar[grpc.StatusCode] = grpc.StatusCode.UNKNOWN

    def __init__(
        self,
        message: str = "",
        *,
        status: grpc.StatusCode | None = None,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[FieldViolation] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status or self.default_status
        self.reason = reason or self.status.name
        self.metadata: Mapping[str, str] = metadata or {}
        self.violations = tuple(violations)
        self.retry_after = retry_after

    def __str__(self) -> str:
        fields = "; ".join(f"{v.field}: {v.description}" for v in self.violations)
        text = f"{self.reason}: {self.message}" if self.message else self.reason
        return f"{text} ({fields})" if fields else text


class Unauthenticated(SignwardError):
    """The daemon does not know the caller."""

    default_status = grpc.StatusCode.UNAUTHENTICATED


class CredentialsError(Unauthenticated):
    """Certificates, keys or a profile cannot be used. No call was made."""


class PermissionDenied(SignwardError):
    """The caller is known and may not do this."""

    default_status = grpc.StatusCode.PERMISSION_DENIED


class NotFound(SignwardError):
    """There is no such thing, or the caller may not know of it."""

    default_status = grpc.StatusCode.NOT_FOUND


class InvalidArgument(SignwardError):
    """The request is wrong whatever the daemon's state is; ``violations`` names the fields."""

    default_status = grpc.StatusCode.INVALID_ARGUMENT


class FailedPrecondition(SignwardError):
    """The request is right, but not in the present state, such as a disabled key."""

    default_status = grpc.StatusCode.FAILED_PRECONDITION


class AlreadyExists(SignwardError):
    """The name is taken, or the request id was used for other content."""

    default_status = grpc.StatusCode.ALREADY_EXISTS


class Aborted(SignwardError):
    """Somebody else changed it since it was read: read again, then decide again."""

    default_status = grpc.StatusCode.ABORTED


class ResourceExhausted(SignwardError):
    """Too many, too much or too large; ``retry_after`` says when to come back, if ever."""

    default_status = grpc.StatusCode.RESOURCE_EXHAUSTED


class Unavailable(SignwardError):
    """The daemon, or something that it needs, cannot be reached now."""

    default_status = grpc.StatusCode.UNAVAILABLE


class DeadlineExceeded(SignwardError):
    """Time ran out. The daemon signs nothing after the deadline."""

    default_status = grpc.StatusCode.DEADLINE_EXCEEDED


class DataLoss(SignwardError):
    """What is stored, or was computed, is corrupt; an operator has to look."""

    default_status = grpc.StatusCode.DATA_LOSS


class Unimplemented(SignwardError):
    """This daemon does not offer the method."""

    default_status = grpc.StatusCode.UNIMPLEMENTED


class Cancelled(SignwardError):
    """The call was cancelled on this side, for example by closing the client."""

    default_status = grpc.StatusCode.CANCELLED


class Internal(SignwardError):
    """A fault of the daemon; also every status that the daemon never sends itself."""

    default_status = grpc.StatusCode.INTERNAL


_CLASSES: Mapping[grpc.StatusCode, type[SignwardError]] = MappingProxyType(
    {cls.default_status: cls for cls in SignwardError.__subclasses__()}
)


def class_of(status: grpc.StatusCode) -> type[SignwardError]:
    """Return the class of a status; ``Internal`` for those that have none of their own."""
    return _CLASSES.get(status, Internal)
