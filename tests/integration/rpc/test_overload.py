"""A bounded queue, a watch over messages that never come, and an orderly end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from signward.v1 import sign_service_pb2 as pb
from signward.v1.sign_service_pb2_grpc import SignServiceStub
from signward_server.rpc.server import BindError

from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.serving import Served, details, eventually, reason, serve

pytestmark = pytest.mark.integration

REQUEST = pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=b"hello"))
QUEUE = 3


class _Gate:
    """A policy that holds every signature until it opens."""

    def __init__(self) -> None:
        self.inside = 0
        self.open = threading.Event()
        self.before = set(threading.enumerate())  # of the process, before there is the server

    def __call__(self, judgement: Judgement) -> bool:
        if judgement.action == "SignRaw":
            self.inside += 1
            assert self.open.wait(20)
        return True


@pytest.fixture
def gate() -> _Gate:
    return _Gate()


@pytest.fixture
def served(tmp_path: Path, gate: _Gate) -> Iterator[Served]:
    with serve(tmp_path, threads=1, queue=QUEUE) as running:
        running.world.key()
        running.world.policy.rule = gate
        yield running
        gate.open.set()


def _answering(gate: _Gate) -> list[str]:
    """Return the names of the server's threads that answer calls, and of no other server's."""
    names = [thread.name for thread in set(threading.enumerate()) - gate.before]
    return [n for n in names if n.startswith(("call-", "stream", "refuse", "reception"))]


def _waiting(served: Served) -> int:
    return served.server._main._calls.waiting


def _fill(served: Served, gate: _Gate) -> list[Future[pb.SignResponse]]:
    """Take the only thread, then every place of the queue."""
    stub = served.signing()
    calls = []
    for taken in range(QUEUE + 1):
        calls.append(stub.Sign.future(REQUEST, timeout=30))
        assert eventually(lambda: gate.inside == 1)
        assert eventually(lambda taken=taken: _waiting(served) == taken)
    return calls  # type: ignore[return-value]


def test_beyond_the_queue_calls_are_refused_at_once_and_the_queue_does_not_grow(
    served: Served, gate: _Gate
) -> None:
    calls = _fill(served, gate)
    stub = served.signing("late")
    for _ in range(10):
        with pytest.raises(grpc.RpcError) as raised:
            stub.Sign(REQUEST, timeout=10)  # the gate is closed: only a refusal can come
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason(raised.value) == "OVERLOADED"
        assert _waiting(served) == QUEUE
    retry = error_details_pb2.RetryInfo()
    assert details(raised.value).details[1].Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() > 0
    gate.open.set()
    assert [call.result(20).version for call in calls] == [1] * (QUEUE + 1)
    assert stub.Sign(REQUEST, timeout=10).version == 1


def test_refusals_do_not_wait_for_a_message(served: Served, gate: _Gate) -> None:
    calls = _fill(served, gate)
    never = threading.Event()
    call = (
        served.channel("late")
        .stream_unary("/signward.v1.SignService/Sign")
        .future(_silent(never), timeout=20)
    )
    with pytest.raises(grpc.RpcError) as raised:
        call.result(10)
    assert reason(raised.value) == "OVERLOADED"
    never.set()
    gate.open.set()
    for waiting in calls:
        waiting.result(20)


def _silent(until: threading.Event) -> Iterator[bytes]:
    until.wait(30)
    yield from ()


def test_a_call_that_never_sends_its_message_gives_its_thread_back(
    served: Served, gate: _Gate
) -> None:
    gate.open.set()
    never = threading.Event()
    channel = served.channel("silent")
    call = channel.stream_unary("/signward.v1.SignService/Sign").future(_silent(never), timeout=30)
    watch = served.server._main._watch
    assert eventually(lambda: len(watch._waiting) == 1)
    served.world.clock.boot += 10
    with pytest.raises(grpc.RpcError) as raised:
        call.result(10)
    assert raised.value.code() is grpc.StatusCode.CANCELLED
    assert served.signing().Sign(REQUEST, timeout=10).version == 1
    assert not watch._waiting
    never.set()


def test_a_call_that_closes_without_a_message_is_told(served: Served, gate: _Gate) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        served.channel().stream_unary("/signward.v1.SignService/Sign")(iter(()), timeout=10)
    assert reason(raised.value) == "PAYLOAD_MALFORMED"


def test_a_closing_server_refuses_with_its_reason(served: Served, gate: _Gate) -> None:
    gate.open.set()
    stub = served.signing()
    assert stub.Sign(REQUEST, timeout=10).version == 1
    served.server._main._router.close()
    with pytest.raises(grpc.RpcError) as raised:
        stub.Sign(REQUEST, timeout=10)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason(raised.value) == "SHUTTING_DOWN"
    with pytest.raises(grpc.RpcError) as raised:
        next(stub.SignStream(iter(()), timeout=10))
    assert reason(raised.value) == "SHUTTING_DOWN"
    assert served.open_streams == 0


def test_stopping_lets_running_calls_finish_and_takes_no_more(
    served: Served, gate: _Gate, tmp_path: Path
) -> None:
    stub = served.signing()
    running = stub.Sign.future(REQUEST, timeout=30)
    assert eventually(lambda: gate.inside == 1)
    stopping = threading.Thread(target=served.server.stop, args=(20,))
    stopping.start()
    assert eventually(lambda: served.server._main._router._closing)
    for channel in (stub, served.signing("late")):
        with pytest.raises(grpc.RpcError) as raised:
            channel.Sign(REQUEST, timeout=10)
        assert reason(raised.value) == "SHUTTING_DOWN"
    assert stopping.is_alive()
    gate.open.set()
    assert running.result(10).version == 1
    stopping.join(10)
    assert not stopping.is_alive()
    assert not (tmp_path / "s.sock").exists()
    assert eventually(lambda: not _answering(gate)), _answering(gate)


def test_stopping_cuts_what_takes_longer_than_the_grace_period(served: Served, gate: _Gate) -> None:
    running = served.signing().Sign.future(REQUEST, timeout=30)
    assert eventually(lambda: gate.inside == 1)
    stopping = threading.Thread(target=served.server.stop, args=(0.2,))
    stopping.start()
    with pytest.raises(grpc.RpcError) as raised:
        running.result(10)
    assert raised.value.code() in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}
    assert eventually(lambda: not served.server._main._server._state.rpc_states)
    gate.open.set()
    stopping.join(10)
    assert not stopping.is_alive()
    assert served.world.custody.asked == []


def test_s41_a_port_in_use_is_refused(served: Served, tmp_path: Path) -> None:
    with pytest.raises(BindError, match="cannot be bound"):
        served.server.listen_tcp(f"127.0.0.1:{served.port}")
    with pytest.raises(BindError, match="cannot be bound"):
        served.server.listen_unix(tmp_path / "missing" / "s.sock")


def test_one_callers_flood_leaves_another_caller_served(tmp_path: Path) -> None:
    with serve(tmp_path, threads=2, queue=4) as served:
        served.world.key()
        calls = [served.signing().Sign.future(REQUEST, timeout=20) for _ in range(40)]
        outcomes = {_told(call) for call in calls}
        assert outcomes <= {"OK", "OVERLOADED"}
        assert SignServiceStub(served.channel("other")).Sign(REQUEST, timeout=10).version == 1


def test_s42_calls_without_a_message_lock_nobody_out(tmp_path: Path) -> None:
    never = threading.Event()
    with serve(tmp_path, threads=2, queue=4, reception=30.0) as served:
        served.world.key()
        silent = served.channel("silent").stream_unary("/signward.v1.SignService/Sign")
        calls = [silent.future(_silent(never), timeout=60) for _ in range(12)]
        watch = served.server._main._watch
        assert eventually(
            lambda: len(watch._waiting) == 2 + 4 and sum(call.done() for call in calls) == 6
        )
        served.world.clock.boot += 1  # they have waited long enough to give way
        stub = SignServiceStub(served.channel("other"))
        for _ in range(10):
            assert stub.Sign(REQUEST, timeout=10).version == 1
        # Refused, or cancelled for another.
        assert eventually(lambda: sum(call.done() for call in calls) >= 7)
        never.set()


def _told(call: Future[pb.SignResponse]) -> str:
    try:
        call.result(20)
    except grpc.RpcError as error:
        return reason(error)
    return "OK"
