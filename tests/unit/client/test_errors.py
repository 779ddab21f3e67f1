"""One class a status, one text an error."""

from __future__ import annotations

import copy
import pickle

import grpc
import pytest
from signward import errors
from signward.errors import SignwardError, class_of

CLASSES = {
    grpc.StatusCode.CANCELLED: errors.Cancelled,
    grpc.StatusCode.INVALID_ARGUMENT: errors.InvalidArgument,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.DeadlineExceeded,
    grpc.StatusCode.NOT_FOUND: errors.NotFound,
    grpc.StatusCode.ALREADY_EXISTS: errors.AlreadyExists,
    grpc.StatusCode.PERMISSION_DENIED: errors.PermissionDenied,
    grpc.StatusCode.RESOURCE_EXHAUSTED: errors.ResourceExhausted,
    grpc.StatusCode.FAILED_PRECONDITION: errors.FailedPrecondition,
    grpc.StatusCode.ABORTED: errors.Aborted,
    grpc.StatusCode.UNIMPLEMENTED: errors.Unimplemented,
    grpc.StatusCode.INTERNAL: errors.Internal,
    grpc.StatusCode.UNAVAILABLE: errors.Unavailable,
    grpc.StatusCode.DATA_LOSS: errors.DataLoss,
    grpc.StatusCode.UNAUTHENTICATED: errors.Unauthenticated,
}


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code.value[0]])
def test_every_status_has_a_class(code):
    assert class_of(code) is CLASSES.get(code, errors.Internal)


def test_every_class_knows_its_status():
    for code, cls in CLASSES.items():
        assert cls.default_status is code
        assert cls().status is code
        assert cls().reason == code.name


def test_no_class_is_missing_in_the_table():
    assert set(SignwardError.__subclasses__()) == set(CLASSES.values())


def test_credentials_are_caught_as_unauthenticated():
    with pytest.raises(errors.Unauthenticated):
        raise errors.CredentialsError("no such file", reason="CREDENTIALS_INVALID")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (errors.NotFound(), "NOT_FOUND"),
        (errors.NotFound("No such key."), "NOT_FOUND: No such key."),
        (
            errors.InvalidArgument(
                "Wrong.",
                reason="FIELD_INVALID",
                violations=[errors.FieldViolation("a", "b"), errors.FieldViolation("c", "d")],
            ),
            "FIELD_INVALID: Wrong. (a: b; c: d)",
        ),
    ],
)
def test_the_text_says_reason_message_and_fields(error, text):
    assert str(error) == text


def test_errors_survive_copying_and_pickling():
    error = errors.ResourceExhausted(
        "Slow down.", reason="RATE_LIMITED", metadata={"limit": "5"}, retry_after=1.5
    )
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 -- our own
        assert type(twin) is errors.ResourceExhausted
        assert (str(twin), twin.reason, twin.metadata, twin.retry_after) == (
            str(error),
            "RATE_LIMITED",
            {"limit": "5"},
            1.5,
        )


def test_an_error_without_metadata_pickles():
    assert pickle.loads(pickle.dumps(errors.NotFound("x"))).metadata == {}  # noqa: S301
