"""Where calls are answered: swift ones on the serving thread, when few others are in hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from signward.v1 import key_service_pb2 as keys_pb
from signward.v1 import sign_service_pb2 as pb
from signward_server.rpc import early
from signward_server.rpc.early import EarlyPool

from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.serving import Served, eventually, serve

pytestmark = pytest.mark.integration

THREADS, FEW = 6, 4
_REQUEST = pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=b"hello"))


class _Where:
    """A policy that notes the threads that ask it, and holds signatures while it is shut."""

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.open = threading.Event()
        self.open.set()

    def __call__(self, judgement: Judgement) -> bool:
        self.threads.append(threading.current_thread().name)
        return judgement.action != "SignRaw" or self.open.wait(20)

    @property
    def on_a_worker(self) -> bool:
        return self.threads[-1].startswith("call-")


@pytest.fixture
def where() -> _Where:
    return _Where()


@pytest.fixture
def served(tmp_path: Path, where: _Where) -> Iterator[Served]:
    with serve(tmp_path, threads=THREADS) as running:
        running.world.key()
        running.world.policy.rule = where
        running.world.custody.unlocked = True
        yield running
        where.open.set()


def _in_hand(served: Served) -> int:
    assert isinstance(served.server._main._calls, EarlyPool)
    return served.server._main._calls._in_hand


def test_a_public_key_is_answered_on_the_serving_thread(served: Served, where: _Where) -> None:
    served.keys().GetPublicKey(keys_pb.GetPublicKeyRequest(key_id="bot-key"), timeout=10)
    assert not where.on_a_worker
    assert eventually(lambda: _in_hand(served) == 0)


def test_an_unlocked_key_signs_on_the_serving_thread(served: Served, where: _Where) -> None:
    assert served.signing().Sign(_REQUEST, timeout=10).version == 1
    assert not where.on_a_worker


@pytest.mark.parametrize(
    "request_",
    [
        pb.SignRequest(key="bot-key", raw=_REQUEST.raw, request_id="once"),
        pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=bytes(5000))),
    ],
    ids=["request_id", "large"],
)
def test_what_may_take_long_is_signed_on_a_worker(
    served: Served, where: _Where, request_: pb.SignRequest
) -> None:
    assert served.signing().Sign(request_, timeout=10).version == 1
    assert where.on_a_worker


def test_a_locked_key_is_opened_on_a_worker(served: Served, where: _Where) -> None:
    served.world.custody.unlocked = False
    assert served.signing().Sign(_REQUEST, timeout=10).version == 1
    assert where.on_a_worker


def test_a_batch_is_signed_on_a_worker(served: Served, where: _Where) -> None:
    served.signing().SignBatch(pb.SignBatchRequest(requests=[_REQUEST]), timeout=10)
    assert where.on_a_worker


@pytest.mark.parametrize("data", [b"\xff\xff", pb.SignRequest(key="unknown").SerializeToString()])
def test_what_cannot_be_signed_is_refused_as_ever(served: Served, data: bytes) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        served.channel().unary_unary("/signward.v1.SignService/Sign")(data, timeout=10)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_while_many_calls_are_in_hand_a_worker_answers(served: Served, where: _Where) -> None:
    served.world.custody.unlocked = False
    where.open.clear()
    stub, keys = served.signing("first"), served.keys()
    held = [stub.Sign.future(_REQUEST, timeout=20) for _ in range(FEW)]
    # Each is asked about twice: it may view the key; whether it may sign is held.
    assert eventually(lambda: len(where.threads) == 2 * FEW)
    keys.GetPublicKey(keys_pb.GetPublicKeyRequest(key_id="bot-key"), timeout=10)
    assert where.on_a_worker
    where.open.set()
    assert [call.result(10).version for call in held] == [1] * FEW
    assert eventually(lambda: _in_hand(served) == 0)


def test_a_failing_test_of_swiftness_ends_nothing(served: Served, where: _Where) -> None:
    del served.world.custody.unlocked  # the question raises AttributeError
    stub = served.signing()
    for _ in range(2):
        assert stub.Sign(_REQUEST, timeout=10).version == 1
        assert where.on_a_worker


def test_calls_that_wait_for_their_message_hold_no_thread(served: Served) -> None:
    never = threading.Event()
    silent = served.channel("silent").stream_unary("/signward.v1.SignService/Sign")
    waiting = [silent.future(_silence(never), timeout=30) for _ in range(THREADS)]
    assert eventually(lambda: _in_hand(served) == THREADS)
    assert served.signing().Sign(_REQUEST, timeout=10).version == 1
    assert eventually(lambda: _in_hand(served) == THREADS)
    served.world.clock.boot += 10
    for call in waiting:
        with pytest.raises(grpc.RpcError) as raised:
            call.result(10)
        assert raised.value.code() is grpc.StatusCode.CANCELLED
    assert eventually(lambda: _in_hand(served) == 0)
    never.set()


def _silence(until: threading.Event) -> Iterator[bytes]:
    until.wait(30)
    yield from ()


def test_a_call_that_its_caller_gives_up_is_forgotten(served: Served) -> None:
    never = threading.Event()
    call = served.channel().stream_unary("/signward.v1.SignService/Sign").future(_silence(never))
    assert eventually(lambda: _in_hand(served) == 1)
    call.cancel()
    assert eventually(lambda: _in_hand(served) == 0)
    assert served.world.custody.asked == []
    never.set()


def test_another_grpcio_serves_with_workers_alone(
    tmp_path: Path, where: _Where, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(early, "supported", lambda: False)
    with serve(tmp_path) as served:
        served.world.key()
        served.world.policy.rule = where
        served.world.custody.unlocked = True
        assert not isinstance(served.server._main._calls, EarlyPool)
        assert served.signing().Sign(_REQUEST, timeout=10).version == 1
        assert where.on_a_worker
