"""Every error becomes one status with exactly one ErrorInfo."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from signward_server.core.errors import (
    FieldInvalid,
    FieldViolation,
    Overloaded,
    PolicyDenied,
    SignwardError,
    Status,
    error_classes,
)
from signward_server.rpc.status import DOMAIN, Refusal, abort, code_of, status_of

from tests.fakes.spine.context import AbortedError, FakeContext

CLASSES = sorted(error_classes(), key=lambda cls: cls.__name__)


def _details(status: status_pb2.Status) -> list[object]:
    kinds = {
        kind.DESCRIPTOR.full_name: kind
        for kind in (
            error_details_pb2.ErrorInfo,
            error_details_pb2.RetryInfo,
            error_details_pb2.BadRequest,
        )
    }
    found = []
    for detail in status.details:
        message = kinds[detail.TypeName()]()
        assert detail.Unpack(message)
        found.append(message)
    return found


@pytest.mark.parametrize("status", Status)
def test_every_status_is_a_code_of_grpc(status: Status) -> None:
    assert code_of(status).value[0] == status.value
    assert code_of(status).name == status.name


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_plain_error_has_one_error_info_and_no_more(cls: type[SignwardError]) -> None:
    status = status_of(cls())
    assert (status.code, status.message) == (cls.status, cls.text)
    (info,) = _details(status)
    assert isinstance(info, error_details_pb2.ErrorInfo)
    assert (info.domain, info.reason, dict(info.metadata)) == (DOMAIN, cls.reason, {})
    assert DOMAIN == "signward"


def test_metadata_is_told() -> None:
    (info,) = _details(status_of(PolicyDenied(metadata={"policies": "p1,p2"})))
    assert isinstance(info, error_details_pb2.ErrorInfo)
    assert dict(info.metadata) == {"policies": "p1,p2"}


def test_when_to_try_again_is_told() -> None:
    _, retry = _details(status_of(Overloaded(retry_after=1.25)))
    assert isinstance(retry, error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToMilliseconds() == 1250
    _, now = _details(status_of(Overloaded(retry_after=0)))
    assert isinstance(now, error_details_pb2.RetryInfo)


def test_every_field_at_fault_is_told() -> None:
    violations = [FieldViolation("a", "Must be."), FieldViolation("b.c", "Must not.")]
    _, bad = _details(status_of(FieldInvalid(violations=violations)))
    assert isinstance(bad, error_details_pb2.BadRequest)
    assert [(v.field, v.description) for v in bad.field_violations] == [
        ("a", "Must be."),
        ("b.c", "Must not."),
    ]


def test_aborting_sends_code_text_and_details() -> None:
    context = FakeContext()
    with pytest.raises(AbortedError):
        abort(context, Refusal.of(Overloaded(retry_after=1)))  # type: ignore[arg-type]
    assert (context.code, context.details) == (grpc.StatusCode.RESOURCE_EXHAUSTED, Overloaded.text)
    ((name, value),) = context.trailing
    assert name == "grpc-status-details-bin"
    assert status_pb2.Status.FromString(value) == status_of(Overloaded(retry_after=1))
