"""The one error tree: a stable reason, a gRPC status and a constant text for each error.

Nothing that a caller sent, no vendor's text and no secret ever stands in a message:
what varies goes into ``metadata`` (names and numbers that the caller may know) or into
``violations`` (which field, what it must be).
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "AgentNotFound",
    "ApiKeyExists",
    "ApiKeyExpired",
    "ApiKeyInvalid",
    "ApiKeyNotFound",
    "ApiKeyQuota",
    "ApiKeyRevoked",
    "AuditUnavailable",
    "Cancelled",
    "CertificateInvalid",
    "CertificateRevoked",
    "ClockUntrusted",
    "CustodyUnavailable",
    "DeadlineExceeded",
    "EnvelopeCorrupt",
    "EtagMismatch",
    "FieldInvalid",
    "FieldViolation",
    "FingerprintMismatch",
    "IdentityConflict",
    "IdentityMissing",
    "IdentityUnknown",
    "ImportExpired",
    "ImportQuota",
    "Internal",
    "KeyDisabled",
    "KeyExists",
    "KeyFrozen",
    "KeyNotFound",
    "KeyPurposeMismatch",
    "KeyVersionDestroyed",
    "KeyVersionNotFound",
    "KeyVersionNotPending",
    "KeyVersionNotScheduled",
    "KeyVersionPending",
    "KeyVersionPrimary",
    "KeyVersionQuota",
    "KeyVersionRetired",
    "MessageTooLarge",
    "MethodUnimplemented",
    "NetworkMismatch",
    "NonceOutOfWindow",
    "Overloaded",
    "PayloadMalformed",
    "PayloadUnsupported",
    "PolicyDenied",
    "PolicyError",
    "RateLimited",
    "RequestIdQuota",
    "RequestIdReused",
    "ServiceUnknown",
    "ShuttingDown",
    "SignatureSelfCheckFailed",
    "SignwardError",
    "SpendLimit",
    "Status",
    "StoreUnavailable",
    "StreamLimit",
    "error_classes",
]


class Status(enum.IntEnum):
    """gRPC status codes, with their numbers on the wire."""

    CANCELLED = 1
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field at fault.

    Attributes:
        field: Path of the field in the request, as ``google.rpc.BadRequest`` has it.
        description: What it must be; never its value.
    """

    field: str
    description: str


class SignwardError(Exception):
    """Root of the tree. Subclasses set the three class variables and nothing else.

    Args:
        metadata: Names and numbers for the ErrorInfo; strings that the caller may know.
        retry_after: Seconds after which trying again makes sense, ``None`` when it never does.
        violations: Fields at fault.
    """

    reason: ClassVar[str]
    status: ClassVar[Status]
    text: ClassVar[str]

    def __init__(
        self,
        *,
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        violations: Sequence[FieldViolation] = (),
    ) -> None:
        super().__init__(self.text)
        self.metadata: Mapping[str, str] = metadata or {}
        self.retry_after = retry_after
        self.violations = tuple(violations)


def error_classes() -> Iterator[type[SignwardError]]:
    """Yield every error of the tree that can be raised."""
    pending = list(SignwardError.__subclasses__())
    while pending:
        cls = pending.pop()
        pending.extend(cls.__subclasses__())
        yield cls


class IdentityMissing(SignwardError):
    reason = "IDENTITY_MISSING"
    status = Status.UNAUTHENTICATED
    text = "The call carries neither a client certificate nor an API key."


class IdentityUnknown(SignwardError):
    reason = "IDENTITY_UNKNOWN"
    status = Status.UNAUTHENTICATED
    text = "The client certificate names no identity that this daemon accepts."


class CertificateInvalid(SignwardError):
    reason = "CERTIFICATE_INVALID"
    status = Status.UNAUTHENTICATED
    text = "The client certificate is not valid at this time."


class CertificateRevoked(SignwardError):
    reason = "CERTIFICATE_REVOKED"
    status = Status.UNAUTHENTICATED
    text = "The client certificate was revoked."


class IdentityConflict(SignwardError):
    reason = "IDENTITY_CONFLICT"
    status = Status.UNAUTHENTICATED
    text = "The client certificate and the API key stand for different identities."


class ApiKeyInvalid(SignwardError):
    reason = "API_KEY_INVALID"
    status = Status.UNAUTHENTICATED
    text = "The API key is not one that this daemon accepts from here."


class ApiKeyExpired(SignwardError):
    reason = "API_KEY_EXPIRED"
    status = Status.UNAUTHENTICATED
    text = "The API key has expired."


class ApiKeyRevoked(SignwardError):
    reason = "API_KEY_REVOKED"
    status = Status.UNAUTHENTICATED
    text = "The API key was revoked."


class PolicyDenied(SignwardError):
    reason = "POLICY_DENIED"
    status = Status.PERMISSION_DENIED
    text = "No policy allows this."


class PolicyError(SignwardError):
    reason = "POLICY_ERROR"
    status = Status.PERMISSION_DENIED
    text = "A policy could not be evaluated, so that nothing is allowed."


class KeyPurposeMismatch(SignwardError):
    reason = "KEY_PURPOSE_MISMATCH"
    status = Status.PERMISSION_DENIED
    text = "The key was created for another kind of payload."


class KeyNotFound(SignwardError):
    reason = "KEY_NOT_FOUND"
    status = Status.NOT_FOUND
    text = "There is no such key."


class ServiceUnknown(SignwardError):
    reason = "SERVICE_UNKNOWN"
    status = Status.NOT_FOUND
    text = "The daemon has no such service."


class KeyVersionNotFound(SignwardError):
    reason = "KEY_VERSION_NOT_FOUND"
    status = Status.NOT_FOUND
    text = "The key has no such version."


class ApiKeyNotFound(SignwardError):
    reason = "API_KEY_NOT_FOUND"
    status = Status.NOT_FOUND
    text = "There is no such API key."


class AgentNotFound(SignwardError):
    reason = "AGENT_NOT_FOUND"
    status = Status.NOT_FOUND
    text = "No such agent of this key."


class FieldInvalid(SignwardError):
    reason = "FIELD_INVALID"
    status = Status.INVALID_ARGUMENT
    text = "A field of the request is invalid."

    @classmethod
    def at(cls, field: str, description: str) -> FieldInvalid:
        """Return the error for one field at fault."""
        return cls(violations=(FieldViolation(field, description),))


class PayloadMalformed(SignwardError):
    reason = "PAYLOAD_MALFORMED"
    status = Status.INVALID_ARGUMENT
    text = "The request or its payload cannot be decoded."


class PayloadUnsupported(SignwardError):
    reason = "PAYLOAD_UNSUPPORTED"
    status = Status.INVALID_ARGUMENT
    text = "This daemon does not sign this kind of payload."


class KeyDisabled(SignwardError):
    reason = "KEY_DISABLED"
    status = Status.FAILED_PRECONDITION
    text = "The key is disabled."


class KeyFrozen(SignwardError):
    reason = "KEY_FROZEN"
    status = Status.FAILED_PRECONDITION
    text = "The key is frozen; one in CANCEL_ONLY still signs what cancels."


class KeyVersionRetired(SignwardError):
    reason = "KEY_VERSION_RETIRED"
    status = Status.FAILED_PRECONDITION
    text = "The version is retired: it verifies, but never signs."


class KeyVersionPending(SignwardError):
    reason = "KEY_VERSION_PENDING"
    status = Status.FAILED_PRECONDITION
    text = "The version is pending: it signs once it is primary."


class KeyVersionDestroyed(SignwardError):
    reason = "KEY_VERSION_DESTROYED"
    status = Status.FAILED_PRECONDITION
    text = "The version is destroyed or about to be."


class KeyVersionPrimary(SignwardError):
    reason = "KEY_VERSION_PRIMARY"
    status = Status.FAILED_PRECONDITION
    text = "The primary version of an enabled key is not destroyed."


class KeyVersionNotPending(SignwardError):
    reason = "KEY_VERSION_NOT_PENDING"
    status = Status.FAILED_PRECONDITION
    text = "Only a pending version is made primary."


class KeyVersionNotScheduled(SignwardError):
    reason = "KEY_VERSION_NOT_SCHEDULED"
    status = Status.FAILED_PRECONDITION
    text = "The version's destruction is not planned."


class ImportExpired(SignwardError):
    reason = "IMPORT_EXPIRED"
    status = Status.FAILED_PRECONDITION
    text = "The import is used, too old or unknown."


class NetworkMismatch(SignwardError):
    reason = "NETWORK_MISMATCH"
    status = Status.FAILED_PRECONDITION
    text = "The key is pinned to another network."


class NonceOutOfWindow(SignwardError):
    reason = "NONCE_OUT_OF_WINDOW"
    status = Status.FAILED_PRECONDITION
    text = "The nonce is used already, or too far from now."


class ClockUntrusted(SignwardError):
    reason = "CLOCK_UNTRUSTED"
    status = Status.FAILED_PRECONDITION
    text = "The clock has jumped, so that no nonce can be given."


class FingerprintMismatch(SignwardError):
    reason = "FINGERPRINT_MISMATCH"
    status = Status.FAILED_PRECONDITION
    text = "Another public key than the expected one would sign."


class KeyExists(SignwardError):
    reason = "KEY_EXISTS"
    status = Status.ALREADY_EXISTS
    text = "A key with this id or this public key exists."


class ApiKeyExists(SignwardError):
    reason = "API_KEY_EXISTS"
    status = Status.ALREADY_EXISTS
    text = "This API key is known already."


class RequestIdReused(SignwardError):
    reason = "REQUEST_ID_REUSED"
    status = Status.ALREADY_EXISTS
    text = "The request_id was used for other content."


class EtagMismatch(SignwardError):
    reason = "ETAG_MISMATCH"
    status = Status.ABORTED
    text = "The key has changed since it was read."


class RateLimited(SignwardError):
    reason = "RATE_LIMITED"
    status = Status.RESOURCE_EXHAUSTED
    text = "Too many requests."


class SpendLimit(SignwardError):
    reason = "SPEND_LIMIT"
    status = Status.RESOURCE_EXHAUSTED
    text = "A limit on what may be spent within a time is reached."


class RequestIdQuota(RateLimited):
    reason = "REQUEST_ID_QUOTA"
    text = "Too many request_ids of this identity are still remembered."


class ImportQuota(RateLimited):
    reason = "IMPORT_QUOTA"
    text = "Too many imports of this identity are open."


class KeyVersionQuota(SignwardError):
    reason = "KEY_VERSION_QUOTA"
    status = Status.RESOURCE_EXHAUSTED
    text = "The key has as many versions as a key can have."


class ApiKeyQuota(SignwardError):
    reason = "API_KEY_QUOTA"
    status = Status.RESOURCE_EXHAUSTED
    text = "The daemon keeps as many API keys as it takes."


class StreamLimit(SignwardError):
    reason = "STREAM_LIMIT"
    status = Status.RESOURCE_EXHAUSTED
    text = "Too many streams are open."


class MessageTooLarge(SignwardError):
    reason = "MESSAGE_TOO_LARGE"
    status = Status.RESOURCE_EXHAUSTED
    text = "The request is too large."


class Overloaded(SignwardError):
    reason = "OVERLOADED"
    status = Status.RESOURCE_EXHAUSTED
    text = "The daemon has more calls waiting than it takes."


class CustodyUnavailable(SignwardError):
    reason = "CUSTODY_UNAVAILABLE"
    status = Status.UNAVAILABLE
    text = "The custody of the key cannot sign now."


class AuditUnavailable(SignwardError):
    reason = "AUDIT_UNAVAILABLE"
    status = Status.UNAVAILABLE
    text = "The audit log cannot be written; nothing is signed until it can."


class StoreUnavailable(SignwardError):
    reason = "STORE_UNAVAILABLE"
    status = Status.UNAVAILABLE
    text = "The store cannot be read or written now."


class ShuttingDown(SignwardError):
    reason = "SHUTTING_DOWN"
    status = Status.UNAVAILABLE
    text = "The daemon is shutting down."


class DeadlineExceeded(SignwardError):
    reason = "DEADLINE_EXCEEDED"
    status = Status.DEADLINE_EXCEEDED
    text = "The deadline passed; nothing was signed after it."


class Cancelled(SignwardError):
    reason = "CANCELLED"
    status = Status.CANCELLED
    text = "The caller cancelled; nothing was signed after that."


class EnvelopeCorrupt(SignwardError):
    reason = "ENVELOPE_CORRUPT"
    status = Status.DATA_LOSS
    text = "The stored key does not open under its attributes and the key-encryption key."


class SignatureSelfCheckFailed(SignwardError):
    reason = "SIGNATURE_SELF_CHECK_FAILED"
    status = Status.DATA_LOSS
    text = "A signature did not match its public key and was discarded."


class MethodUnimplemented(SignwardError):
    reason = "METHOD_UNIMPLEMENTED"
    status = Status.UNIMPLEMENTED
    text = "This version of the daemon does not implement the method."


class Internal(SignwardError):
    reason = "INTERNAL"
    status = Status.INTERNAL
    text = "Internal error."
