"""The error tree is complete, its reasons are stable names, its texts are constants."""

from __future__ import annotations

import re

import pytest
from signward_server.core.errors import (
    FieldInvalid,
    FieldViolation,
    RateLimited,
    SignwardError,
    Status,
    error_classes,
)

CLASSES = sorted(error_classes(), key=lambda cls: cls.__name__)

# The reasons of the API, by status. A change here changes what clients see.
REASONS = {
    Status.UNAUTHENTICATED: {
        "IDENTITY_MISSING",
        "IDENTITY_UNKNOWN",
        "IDENTITY_CONFLICT",
        "CERTIFICATE_INVALID",
        "CERTIFICATE_REVOKED",
        "API_KEY_INVALID",
        "API_KEY_EXPIRED",
        "API_KEY_REVOKED",
    },
    Status.PERMISSION_DENIED: {"POLICY_DENIED", "POLICY_ERROR", "KEY_PURPOSE_MISMATCH"},
    Status.NOT_FOUND: {
        "KEY_NOT_FOUND",
        "KEY_VERSION_NOT_FOUND",
        "API_KEY_NOT_FOUND",
        "AGENT_NOT_FOUND",
        "SERVICE_UNKNOWN",
    },
    Status.INVALID_ARGUMENT: {"FIELD_INVALID", "PAYLOAD_MALFORMED", "PAYLOAD_UNSUPPORTED"},
    Status.FAILED_PRECONDITION: {
        "KEY_DISABLED",
        "KEY_FROZEN",
        "KEY_VERSION_RETIRED",
        "KEY_VERSION_PENDING",
        "KEY_VERSION_DESTROYED",
        "KEY_VERSION_PRIMARY",
        "KEY_VERSION_NOT_PENDING",
        "KEY_VERSION_NOT_SCHEDULED",
        "IMPORT_EXPIRED",
        "FINGERPRINT_MISMATCH",
        "NETWORK_MISMATCH",
        "NONCE_OUT_OF_WINDOW",
        "CLOCK_UNTRUSTED",
    },
    Status.ALREADY_EXISTS: {"KEY_EXISTS", "API_KEY_EXISTS", "REQUEST_ID_REUSED"},
    Status.ABORTED: {"ETAG_MISMATCH"},
    Status.RESOURCE_EXHAUSTED: {
        "RATE_LIMITED",
        "SPEND_LIMIT",
        "API_KEY_QUOTA",
        "KEY_VERSION_QUOTA",
        "IMPORT_QUOTA",
        "REQUEST_ID_QUOTA",
        "STREAM_LIMIT",
        "MESSAGE_TOO_LARGE",
        "OVERLOADED",
    },
    Status.UNAVAILABLE: {
        "CUSTODY_UNAVAILABLE",
        "AUDIT_UNAVAILABLE",
        "STORE_UNAVAILABLE",
        "SHUTTING_DOWN",
    },
    Status.DEADLINE_EXCEEDED: {"DEADLINE_EXCEEDED"},
    Status.CANCELLED: {"CANCELLED"},
    Status.DATA_LOSS: {"SIGNATURE_SELF_CHECK_FAILED", "ENVELOPE_CORRUPT"},
    Status.UNIMPLEMENTED: {"METHOD_UNIMPLEMENTED"},
    Status.INTERNAL: {"INTERNAL"},
}


def test_the_tree_holds_exactly_the_reasons_of_the_api() -> None:
    found: dict[Status, set[str]] = {}
    for cls in CLASSES:
        found.setdefault(cls.status, set()).add(cls.reason)
    assert found == REASONS
    assert sum(map(len, found.values())) == len(CLASSES), "two errors share a reason"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_has_a_constant_text(cls: type[SignwardError]) -> None:
    assert re.fullmatch("[A-Z]+(_[A-Z]+)*", cls.reason)
    assert re.fullmatch(r"[A-Z][^{}%]+\.", cls.text)
    error = cls(metadata={"key": "SECRET"}, violations=[FieldViolation("SECRET", "SECRET")])
    assert str(error) == cls.text
    assert error.retry_after is None
    assert cls().violations == ()
    assert dict(cls().metadata) == {}


def test_a_subclass_of_an_error_is_found_too() -> None:
    subclasses = RateLimited.__subclasses__()
    assert {cls.__name__ for cls in subclasses} == {"RequestIdQuota", "ImportQuota"}
    assert set(subclasses) <= set(CLASSES)


def test_one_field_at_fault() -> None:
    error = FieldInvalid.at("labels", "Too many.")
    assert error.violations == (FieldViolation("labels", "Too many."),)
