"""The boundary: constant texts out, nothing of an exception's text anywhere."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from signward_server.core.errors import Internal, KeyNotFound, SignwardError, error_classes
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.interceptors.errors import streaming_boundary, unary_boundary
from signward_server.rpc.status import code_of

from tests.fakes.spine.context import AbortedError, FakeContext
from tests.fakes.spine.world import World

PLANTED = "PLANTED-KEY-MATERIAL"


def _unary(error: Exception) -> FakeContext:
    def failing(requests: Iterator[bytes], call: GrpcCall) -> bytes:
        raise error

    context = FakeContext()
    with pytest.raises(AbortedError):
        unary_boundary(failing, "/x", World().endings)(iter(()), context)  # type: ignore[arg-type]
    return context


def _streaming(error: Exception) -> FakeContext:
    def failing(requests: Iterator[bytes], call: GrpcCall) -> Iterator[bytes]:
        yield b"first"
        raise error

    context = FakeContext()
    answers = streaming_boundary(failing, "/x", World().endings)(iter(()), context)  # type: ignore[arg-type]
    assert next(answers) == b"first"
    with pytest.raises(AbortedError):
        next(answers)
    return context


def _reason(context: FakeContext) -> str:
    status = status_pb2.Status.FromString(context.trailing[0][1])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info.reason


BOUNDARIES = [_unary, _streaming]


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("cls", sorted(error_classes(), key=lambda cls: cls.__name__))
def test_each_error_ends_the_call_with_its_status(boundary, cls: type[SignwardError]) -> None:
    context = boundary(cls())
    assert (context.code, context.details) == (code_of(cls.status), cls.text)
    assert _reason(context) == cls.reason


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(
    "error",
    [RuntimeError(PLANTED), ValueError(PLANTED), KeyError(PLANTED), AssertionError(PLANTED)],
)
def test_an_unexpected_exception_tells_nothing(
    boundary, error: Exception, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture
) -> None:
    context = boundary(error)
    assert (context.code, context.details) == (grpc.StatusCode.INTERNAL, Internal.text)
    assert _reason(context) == "INTERNAL"
    assert PLANTED not in repr(context.trailing)
    assert "unexpected error" in caplog.text
    assert PLANTED not in repr([vars(record) for record in caplog.records])
    assert PLANTED not in "".join(capfd.readouterr())


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_the_cause_of_a_known_error_tells_nothing(
    boundary, caplog: pytest.LogCaptureFixture
) -> None:
    error = KeyNotFound()
    error.__cause__ = RuntimeError(PLANTED)
    context = boundary(error)
    assert PLANTED not in repr(context.trailing) + context.details + caplog.text


def test_answers_pass() -> None:
    context = FakeContext()
    unary = unary_boundary(lambda requests, call: next(requests), "/x", World().endings)
    assert unary(iter([b"x"]), context) == b"x"  # type: ignore[arg-type]
    streaming = streaming_boundary(lambda requests, call: requests, "/x", World().endings)
    assert list(streaming(iter([b"1", b"2"]), context)) == [b"1", b"2"]  # type: ignore[arg-type]
    assert context.code is None


def test_a_stream_whose_caller_has_gone_just_ends() -> None:
    def gone(requests: Iterator[bytes], call: GrpcCall) -> Iterator[bytes]:
        yield b"first"
        raise grpc.RpcError

    context = FakeContext()
    answers = streaming_boundary(gone, "/x", World().endings)(iter(()), context)  # type: ignore[arg-type]
    assert list(answers) == [b"first"]
    assert context.code is None
