"""From status details to exceptions, whatever comes over the network."""

from __future__ import annotations

from typing import NamedTuple

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st
from signward import errors, from_status
from signward.errors import SignwardError, class_of
from signward.status import from_rpc_error

from tests.fakes.statuses import pack, status

# The API's table of reasons.
REASONS = {
    "UNAUTHENTICATED": "IDENTITY_MISSING IDENTITY_UNKNOWN IDENTITY_CONFLICT CERTIFICATE_REVOKED "
    "API_KEY_INVALID API_KEY_EXPIRED",
    "PERMISSION_DENIED": "POLICY_DENIED POLICY_ERROR KEY_PURPOSE_MISMATCH KEY_OWNERSHIP_MISMATCH",
    "NOT_FOUND": "KEY_NOT_FOUND KEY_VERSION_NOT_FOUND ACCOUNT_NOT_FOUND",
    "INVALID_ARGUMENT": "FIELD_INVALID PAYLOAD_MALFORMED PAYLOAD_UNSUPPORTED",
    "FAILED_PRECONDITION": "KEY_DISABLED KEY_FROZEN KEY_VERSION_RETIRED KEY_VERSION_PENDING "
    "KEY_VERSION_DESTROYED FINGERPRINT_MISMATCH KEY_SPEC_UNSUPPORTED NONCE_OUT_OF_WINDOW "
    "CLOCK_UNTRUSTED IMPORT_EXPIRED LEDGER_REJECTED NETWORK_MISMATCH POLICY_BINDINGS_REQUIRED "
    "KEY_CREATION_NOT_ALLOWED",
    "ALREADY_EXISTS": "KEY_EXISTS REQUEST_ID_REUSED",
    "ABORTED": "ETAG_MISMATCH",
    "RESOURCE_EXHAUSTED": "RATE_LIMITED STREAM_LIMIT MESSAGE_TOO_LARGE OVERLOADED SPEND_LIMIT",
    "UNAVAILABLE": "CUSTODY_UNAVAILABLE INSUFFICIENT_SHARES AUDIT_UNAVAILABLE STORE_UNAVAILABLE "
    "LEDGER_UNAVAILABLE SHUTTING_DOWN",
    "DEADLINE_EXCEEDED": "DEADLINE_EXCEEDED",
    "DATA_LOSS": "SHARE_CORRUPT SIGNATURE_SELF_CHECK_FAILED ENVELOPE_CORRUPT",
    "INTERNAL": "INTERNAL",
}
PAIRS = [(code, reason) for code, reasons in REASONS.items() for reason in reasons.split()]


class Metadatum(NamedTuple):
    key: str
    value: bytes


class FailedCall(grpc.RpcError):
    """What grpcio raises, as far as it is used."""

    def __init__(self, code, details, metadata):
        super().__init__()
        self._code, self._details, self._metadata = code, details, metadata

    def code(self):
        return self._code

    def details(self):
        return self._details

    def trailing_metadata(self):
        return self._metadata


def failed(code: str, details: bytes | None, text: str | None = "text") -> SignwardError:
    metadata = None
    if details is not None:
        metadata = (
            Metadatum("other-bin", b"\xff"),
            Metadatum("grpc-status-details-bin", details),
        )
    return from_rpc_error(FailedCall(grpc.StatusCode[code], text, metadata))


@pytest.mark.parametrize(("code", "reason"), [*PAIRS, ("NOT_FOUND", "A_REASON_OF_TOMORROW")])
def test_every_reason_arrives_in_the_class_of_its_status(code, reason):
    message = status(code, reason, "text", metadata={"n": "1"})
    for error in (from_status(message), failed(code, message.SerializeToString())):
        assert type(error) is class_of(grpc.StatusCode[code])
        assert (error.reason, error.message, error.metadata) == (reason, "text", {"n": "1"})
        assert error.retry_after is None
        assert error.violations == ()


def test_retry_and_fields_arrive():
    error = from_status(
        status("RESOURCE_EXHAUSTED", "RATE_LIMITED", retry_after=1.25, fields={"a.b": "at most 3"})
    )
    assert error.retry_after == 1.25
    assert error.violations == (errors.FieldViolation("a.b", "at most 3"),)


def test_the_code_of_the_call_wins_over_the_code_in_its_details():
    error = failed("UNAVAILABLE", status("NOT_FOUND", "KEY_NOT_FOUND").SerializeToString())
    assert type(error) is errors.Unavailable


def test_an_error_info_of_another_domain_is_not_ours():
    error = from_status(status("UNAVAILABLE", "PROXY_BUSY", domain="proxy.example"))
    assert error.reason == "UNAVAILABLE"


@pytest.mark.parametrize("code", [0, 99, -1, 2, 11])
def test_a_status_that_no_item_fails_with_is_internal(code):
    error = from_status(status_pb2.Status(code=code, message="odd"))
    assert type(error) is errors.Internal
    assert error.reason == ("OUT_OF_RANGE" if code == 11 else "UNKNOWN")


@pytest.mark.parametrize(
    ("code", "text", "kind", "reason"),
    [
        ("UNIMPLEMENTED", "Method not found!", errors.Unimplemented, "UNIMPLEMENTED"),
        ("UNAVAILABLE", "failed to connect", errors.Unavailable, "UNAVAILABLE"),
        ("CANCELLED", "Channel closed!", errors.Cancelled, "CANCELLED"),
        ("UNKNOWN", None, errors.Internal, "UNKNOWN"),
        (
            "RESOURCE_EXHAUSTED",
            "CLIENT: Received message larger than max (10 vs. 5)",
            errors.ResourceExhausted,
            "MESSAGE_TOO_LARGE",
        ),
        ("RESOURCE_EXHAUSTED", "quota", errors.ResourceExhausted, "RESOURCE_EXHAUSTED"),
    ],
)
def test_what_grpc_answers_by_itself_is_mapped(code, text, kind, reason):
    error = failed(code, None, text)
    assert type(error) is kind
    assert (error.reason, error.message) == (reason, text or "")


def test_a_negative_delay_is_none_at_all():
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.seconds = -5
    message = status_pb2.Status(code=14, details=[pack(retry)])
    assert from_status(message).retry_after == 0.0


def test_the_first_detail_that_parses_counts():
    broken = Any(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff\xff")
    message = status("NOT_FOUND", "KEY_NOT_FOUND")
    message.details.insert(0, broken)
    assert from_status(message).reason == "KEY_NOT_FOUND"


@given(st.binary(max_size=200))
def test_malformed_details_leave_the_status(details):
    error = failed("NOT_FOUND", details)
    assert type(error) is errors.NotFound
    assert error.message == "text"


TYPES = st.sampled_from(["ErrorInfo", "RetryInfo", "BadRequest", "Help", ""])


@given(st.lists(st.tuples(TYPES, st.binary(max_size=60)), max_size=4), st.integers(0, 20))
def test_malformed_details_in_a_good_envelope_leave_the_status(details, code):
    message = status_pb2.Status(
        code=code,
        details=[
            Any(type_url=f"type.googleapis.com/google.rpc.{name}", value=value)
            for name, value in details
        ],
    )
    assert isinstance(from_status(message), SignwardError)
    error = failed("ABORTED", message.SerializeToString())
    assert type(error) is errors.Aborted
    assert error.retry_after is None or error.retry_after >= 0
