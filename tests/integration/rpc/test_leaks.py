"""No end of a call keeps anything of it: not its stream of the connection, not its objects.

HTTP/2 bounds the streams of a connection, and a call that something still refers to
counts. Here the collector of cycles is off, so a cycle that holds a call would be found
after as many calls as a connection has streams.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from signward.v1 import sign_service_pb2 as pb
from signward.v1.sign_service_pb2_grpc import SignServiceStub

from tests.fakes.spine.serving import Served, eventually, reason, serve

pytestmark = pytest.mark.integration

STREAMS = 4
CALLS = STREAMS * 4
GOOD = pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=b"hello"))
BAD = pb.SignRequest(key="missing", raw=pb.RawMessage(message=b"hello"))


@pytest.fixture(params=[True, False], ids=["serving thread", "worker"])
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    with serve(tmp_path, streams_per_connection=STREAMS, reception=60) as running:
        running.world.key()
        running.world.custody.unlocked = request.param
        gc.collect()
        gc.disable()
        yield running
        gc.enable()


def _signed(stub: SignServiceStub) -> None:
    assert stub.Sign(GOOD, timeout=10).version == 1


def _refused(stub: SignServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        stub.Sign(BAD, timeout=10)
    assert reason(raised.value) == "KEY_NOT_FOUND"


def _malformed(stub: SignServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        stub.Sign(pb.SignRequest(), timeout=10)
    assert reason(raised.value) == "FIELD_INVALID"


def _batch(stub: SignServiceStub) -> None:
    results = stub.SignBatch(pb.SignBatchRequest(requests=[BAD, GOOD, BAD]), timeout=10).results
    assert [result.HasField("error") for result in results] == [True, False, True]


def _stream(stub: SignServiceStub) -> None:
    items = [pb.SignStreamRequest(id=n, request=r) for n, r in enumerate((GOOD, BAD, GOOD))]
    assert len(list(stub.SignStream(iter(items), timeout=10))) == 3


def _cancelled_stream(stub: SignServiceStub) -> None:
    call = stub.SignStream(iter([pb.SignStreamRequest(request=GOOD)]), timeout=10)
    next(call)
    call.cancel()


def _silent_stream(stub: SignServiceStub) -> None:
    def silent() -> Iterator[pb.SignStreamRequest]:
        yield pb.SignStreamRequest(request=GOOD)
        call.cancel()

    call = stub.SignStream(silent(), timeout=10)
    with pytest.raises(grpc.RpcError):
        list(call)


@pytest.mark.parametrize(
    "use",
    [
        _signed,
        _refused,
        _malformed,
        _batch,
        _stream,
        _cancelled_stream,
        _silent_stream,
    ],
)
def test_a_connection_can_be_used_for_ever(
    served: Served, use: Callable[[SignServiceStub], None]
) -> None:
    channel = served.channel()
    stub = SignServiceStub(channel)
    for _ in range(CALLS):
        use(stub)
        assert eventually(lambda: served.open_streams == 0)
    _signed(stub)


def test_a_connection_survives_unexpected_errors(served: Served) -> None:
    stub = SignServiceStub(served.channel())
    served.world.custody.failure = RuntimeError()
    for _ in range(CALLS):
        served.world.custody.failure = RuntimeError()
        with pytest.raises(grpc.RpcError) as raised:
            stub.Sign(GOOD, timeout=10)
        assert reason(raised.value) == "INTERNAL"
        served.world.custody.asked.clear()
    served.world.custody.failure = None
    _signed(stub)


def test_a_connection_survives_refused_streams(served: Served) -> None:
    slots = served.server._slots
    while slots.enter():
        pass
    stub = SignServiceStub(served.channel())
    for _ in range(CALLS):
        with pytest.raises(grpc.RpcError) as raised:
            list(stub.SignStream(iter(()), timeout=10))
        assert reason(raised.value) == "STREAM_LIMIT"
    _signed(stub)


def test_a_connection_survives_deadlines(served: Served) -> None:
    stub = SignServiceStub(served.channel())
    slow = threading.Event()
    served.world.policy.rule = lambda judgement: not slow.wait(0.05)
    for _ in range(CALLS):
        with pytest.raises(grpc.RpcError) as raised:
            stub.Sign(GOOD, timeout=0.02)
        assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert eventually(lambda: served.server._main._calls.idle)
    served.world.policy.rule = lambda judgement: True
    _signed(stub)
