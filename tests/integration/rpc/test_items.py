"""Streams that are answered item by item: by whom, in which order, and how they end."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from signward.v1 import sign_service_pb2 as pb
from signward.v1.sign_service_pb2_grpc import SignServiceStub

from tests.fakes.spine.clock import MovingClock
from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.serving import BOUNDS, Served, eventually, reason, serve

pytestmark = pytest.mark.integration

_STREAM = "/signward.v1.SignService/SignStream"
_RAW = pb.RawMessage(message=b"hello")
_SWIFT = pb.SignRequest(key="bot-key", raw=_RAW)
_SLOW = pb.SignRequest(key="bot-key", raw=_RAW, request_id="once")


class _Where:
    """A policy that notes which thread asks it, and holds signatures while it is shut."""

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.open = threading.Event()
        self.open.set()
        self.clock: MovingClock | None = None

    def __call__(self, judgement: Judgement) -> bool:
        if judgement.action != "SignRaw":
            return True
        self.threads.append(threading.current_thread().name)
        is_held = not self.open.is_set()
        self.open.wait(20)
        if is_held and self.clock is not None:
            self.clock.boot += 0.001  # it has taken its time
        return True


class _Stream:
    """An open stream of bytes, given one by one."""

    def __init__(self, served: Served, name: str = "bot", *, window: bool = True) -> None:
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        channel = served.channel(name, window=window)
        self.call = channel.stream_stream(_STREAM)(iter(self._queue.get, None), timeout=30)

    def give(self, number: int, request: pb.SignRequest = _SWIFT, **fields: object) -> None:
        item = pb.SignStreamRequest(id=number, request=request, **fields)  # type: ignore[arg-type]
        self.send(item.SerializeToString())

    def send(self, message: bytes) -> None:
        self._queue.put(message)

    def end(self) -> None:
        self._queue.put(None)

    def take(self) -> pb.SignStreamResponse:
        return pb.SignStreamResponse.FromString(next(self.call))

    def refusal(self) -> grpc.RpcError:
        with pytest.raises(grpc.RpcError) as raised:
            next(self.call)
        self.end()
        return raised.value


@pytest.fixture
def where() -> _Where:
    return _Where()


@pytest.fixture
def served(tmp_path: Path, where: _Where) -> Iterator[Served]:
    with serve(tmp_path) as running:
        running.world.key()
        running.world.policy.rule = where
        running.world.custody.unlocked = True
        where.clock = running.world.clock
        yield running
        where.open.set()


def _all_threads_wait(served: Served) -> bool:
    """Return whether no thread of the stream pool has anything to do."""
    return eventually(lambda: served.idle_threads == int(BOUNDS["streams"]))


def test_an_item_is_signed_on_the_serving_thread(served: Served, where: _Where) -> None:
    stream = _Stream(served)
    for number in range(5):
        stream.give(number)
        assert stream.take().id == number
    stream.end()
    assert list(stream.call) == []
    assert stream.call.code() is grpc.StatusCode.OK
    assert not any(name.startswith("stream") for name in where.threads)


@pytest.mark.parametrize(
    "request_",
    [_SLOW, pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=bytes(5000)))],
    ids=["request_id", "large"],
)
def test_what_may_take_long_is_signed_on_a_thread(
    served: Served, where: _Where, request_: pb.SignRequest
) -> None:
    stream = _Stream(served)
    stream.give(1, request_)
    assert stream.take().HasField("response")
    assert where.threads[0].startswith("stream")
    stream.give(2)
    assert stream.take().HasField("response")
    assert not where.threads[1].startswith("stream")
    stream.end()


def test_a_locked_key_is_opened_on_a_thread(served: Served, where: _Where) -> None:
    served.world.custody.unlocked = False
    stream = _Stream(served)
    stream.give(1)
    assert stream.take().HasField("response")
    assert where.threads[0].startswith("stream")
    stream.end()


def test_with_limits_that_block_threads_sign(tmp_path: Path, where: _Where) -> None:
    with serve(tmp_path) as served:
        served.world.key()
        served.world.policy.rule = where
        served.world.custody.unlocked = True
        served.world.limits.blocking = True
        stream = _Stream(served)
        stream.give(1)
        assert stream.take().HasField("response")
        assert where.threads[0].startswith("stream")
        stream.end()


def test_while_many_calls_are_in_hand_a_thread_signs(served: Served, where: _Where) -> None:
    stream = _Stream(served)
    stream.give(1)
    assert stream.take().HasField("response")
    where.open.clear()
    stub = SignServiceStub(served.channel("other"))
    held = [stub.Sign.future(_SLOW, timeout=20) for _ in range(6)]
    assert eventually(lambda: len(where.threads) == 1 + int(BOUNDS["threads"]))
    served.world.policy.rule = note = _Where()
    stream.give(2)
    assert stream.take().HasField("response")
    assert note.threads[0].startswith("stream")
    where.open.set()
    assert [call.result(10).version for call in held] == [1] * 6
    stream.end()


def test_idle_streams_hold_no_thread(served: Served) -> None:
    streams = [_Stream(served, f"bot-{n}") for n in range(int(BOUNDS["streams"]))]
    for stream in streams:
        stream.give(1)
        assert stream.take().HasField("response")
    assert served.open_streams == len(streams)
    assert _all_threads_wait(served)
    for stream in streams:
        stream.end()
        assert list(stream.call) == []


def test_a_slow_item_among_swift_ones_keeps_the_order(served: Served, where: _Where) -> None:
    requests = [_SLOW if number % 3 == 1 else _SWIFT for number in range(60)]
    stream = _Stream(served)
    for number, request in enumerate(requests):
        stream.give(number, request)
    stream.end()
    answers = [pb.SignStreamResponse.FromString(answer) for answer in stream.call]
    assert [answer.id for answer in answers] == list(range(60))
    assert all(answer.HasField("response") for answer in answers)
    assert [name.startswith("stream") for name in where.threads] == [
        number % 3 == 1 for number in range(60)
    ]


def test_a_held_item_holds_up_its_own_stream_alone(served: Served, where: _Where) -> None:
    where.open.clear()
    held = _Stream(served)
    held.give(1, _SLOW)
    held.give(2)
    assert eventually(lambda: len(where.threads) == 1)
    served.world.policy.rule = lambda judgement: True
    other = _Stream(served, "other")
    for number in range(5):
        other.give(number)
        assert other.take().HasField("response")
    assert len(served.world.custody.asked) == 5  # and nothing of the stream that is held
    where.open.set()
    assert [held.take().id, held.take().id] == [1, 2]
    for stream in (held, other):
        stream.end()


def test_a_timeout_of_an_item_ends_the_item_alone(served: Served) -> None:
    def slow(judgement: Judgement) -> bool:
        if judgement.action == "SignRaw":
            served.world.clock.boot += 2
        return True

    served.world.policy.rule = slow
    stream = _Stream(served)
    stream.give(1, timeout=Duration(seconds=1))
    stream.give(2, timeout=Duration(seconds=5))
    assert reason(stream.take().error) == "DEADLINE_EXCEEDED"
    assert stream.take().HasField("response")
    stream.end()


def test_half_close_is_answered_after_everything_before_it(served: Served, where: _Where) -> None:
    where.open.clear()
    stream = _Stream(served)
    stream.give(1, _SLOW)
    stream.give(2)
    stream.end()
    assert eventually(lambda: len(where.threads) == 1)
    where.open.set()
    assert [pb.SignStreamResponse.FromString(answer).id for answer in stream.call] == [1, 2]
    assert stream.call.code() is grpc.StatusCode.OK


def test_a_stream_without_messages_ends_well(served: Served) -> None:
    stream = _Stream(served)
    stream.end()
    assert list(stream.call) == []
    assert stream.call.code() is grpc.StatusCode.OK
    assert eventually(lambda: served.open_streams == 0)


def test_cancelling_in_the_middle_signs_nothing_more(served: Served, where: _Where) -> None:
    where.open.clear()
    stream = _Stream(served)
    for number in range(20):
        stream.give(number, _SLOW if number == 0 else _SWIFT)
    assert eventually(lambda: len(where.threads) == 1)
    stream.call.cancel()
    assert eventually(lambda: served.open_streams == 0)
    where.open.set()
    stream.end()
    assert _all_threads_wait(served)
    assert eventually(lambda: not served.server._slots._of)
    assert served.world.custody.asked == []


def test_a_stream_that_is_cancelled_over_an_item_has_not_ended_well(
    served: Served, where: _Where
) -> None:
    where.open.clear()
    stream = _Stream(served)
    stream.give(1, _SLOW)
    assert eventually(lambda: len(where.threads) == 1)
    stream.call.cancel()
    assert eventually(lambda: served.open_streams == 0)
    where.open.set()
    stream.end()
    finished = served.world.spans.finished
    assert eventually(lambda: [span.status for span in finished] == ["CANCELLED"] * 2)


_HOSTILE = [
    b"",
    b"\xff\xff\xff",
    b"\x22\x05hello",
    bytes(BOUNDS["message_bytes"] + 1),  # type: ignore[call-overload]
    pb.SignStreamRequest(id=1, request=_SWIFT).SerializeToString() + b"\xf8\x7f\x01",
    pb.SignStreamRequest(id=9, request=pb.SignRequest(key="missing", raw=_RAW)).SerializeToString(),
]


def test_hostile_messages_are_refused_one_by_one(served: Served) -> None:
    stream = _Stream(served)
    for number, message in enumerate(_HOSTILE):
        stream.send(message)
        stream.give(100 + number)
    for number in range(len(_HOSTILE)):
        assert stream.take().HasField("error")
        good = stream.take()
        assert (good.id, good.HasField("response")) == (100 + number, True)
    stream.end()
    assert list(stream.call) == []


@pytest.mark.parametrize("unlocked", [True, False])
def test_an_unexpected_error_ends_the_item_or_stream_without_its_text(
    served: Served, unlocked: bool
) -> None:
    def broken(judgement: Judgement) -> bool:
        raise KeyError("secret")

    served.world.custody.unlocked = unlocked
    served.world.policy.rule = broken
    stream = _Stream(served)
    stream.give(1)
    error = stream.take().error
    assert "secret" not in str(error)
    served.world.policy.rule = lambda judgement: True
    stream.give(2)
    assert stream.take().HasField("response")
    stream.end()
    assert SignServiceStub(served.channel()).Sign(_SWIFT, timeout=10).version == 1


def test_an_error_of_the_transport_layer_cancels_the_stream_alone(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from grpc import _server

    stream = _Stream(served)
    stream.give(1)
    assert stream.take().HasField("response")
    with monkeypatch.context() as patch:
        patch.setattr(_server, "_take_response_from_response_iterator", lambda *_: 1 / 0)
        stream.give(2)
        assert stream.refusal().code() is grpc.StatusCode.CANCELLED
    assert SignServiceStub(served.channel()).Sign(_SWIFT, timeout=10).version == 1
    assert eventually(lambda: served.open_streams == 0)


def _given(served: Served) -> tuple[grpc.Call, list[int]]:
    """Open a stream whose caller sends without end and never reads."""
    given = [0]

    def endless() -> Iterator[bytes]:
        for number in range(50_000):
            given[0] = number
            yield pb.SignStreamRequest(id=number, request=_SWIFT).SerializeToString()

    channel = served.channel(window=False)
    return channel.stream_stream(_STREAM)(endless(), timeout=60), given


def _rests(served: Served) -> bool:
    before = len(served.world.custody.asked)
    time.sleep(1)
    return before > 0 and len(served.world.custody.asked) == before


def test_s04_who_does_not_read_is_held_back_and_ends_with_its_right(served: Served) -> None:
    call, _ = _given(served)
    assert eventually(lambda: _rests(served), within=20)
    signed = len(served.world.custody.asked)
    assert signed < 3_000
    assert _all_threads_wait(served)
    served.world.clock.advance(7200)  # the certificate has expired
    assert eventually(lambda: not served.server._slots._of)
    assert len(served.world.custody.asked) == signed
    call.cancel()
    assert eventually(lambda: served.open_streams == 0)


def test_others_are_served_beside_a_busy_stream(served: Served) -> None:
    sending = threading.Event()

    def busy() -> Iterator[bytes]:
        number = 0
        while not sending.is_set():
            yield pb.SignStreamRequest(id=number, request=_SWIFT).SerializeToString()
            number += 1

    call = served.channel().stream_stream(_STREAM)(busy(), timeout=30)
    reader = threading.Thread(target=lambda: [None for _ in call])
    reader.start()
    stub = SignServiceStub(served.channel("other"))
    for _ in range(50):
        assert stub.Sign(_SWIFT, timeout=5).version == 1
    sending.set()
    reader.join(10)
    assert not reader.is_alive()


def test_on_the_way_to_the_end_an_item_finishes_and_its_stream_is_cut(
    served: Served, where: _Where
) -> None:
    where.open.clear()
    stream = _Stream(served)
    stream.give(1, _SLOW)
    assert eventually(lambda: len(where.threads) == 1)
    stopping = threading.Thread(target=served.server.stop, args=(3,))
    stopping.start()
    assert eventually(lambda: served.server._main._router._closing)
    late = _Stream(served, "late")
    assert reason(late.refusal()) == "SHUTTING_DOWN"
    where.open.set()
    assert stream.take().HasField("response")
    stream.give(2)
    assert stream.take().HasField("response")
    assert stream.refusal().code() in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}
    stopping.join(15)
    assert not stopping.is_alive()
    assert eventually(lambda: not any(t.name.startswith("stream") for t in threading.enumerate()))


def test_an_item_that_outlasts_the_end_is_not_answered(served: Served, where: _Where) -> None:
    where.open.clear()
    stream = _Stream(served)
    stream.give(1, _SLOW)
    assert eventually(lambda: len(where.threads) == 1)
    served.server.stop(0.05)
    assert stream.refusal().code() in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}
    where.open.set()
    assert eventually(lambda: not any(t.name.startswith("stream") for t in threading.enumerate()))
    assert served.world.custody.asked == []


@pytest.mark.parametrize("unlocked", [True, False], ids=["serving thread", "worker"])
def test_each_item_is_told_of_once_its_answer_is_on_its_way(
    served: Served, where: _Where, unlocked: bool
) -> None:
    served.world.custody.unlocked = unlocked
    finished = served.world.spans.finished
    stream = _Stream(served)
    for number in range(3):
        stream.give(number)
        assert stream.take().HasField("response")
        assert eventually(lambda number=number: len(finished) == number + 1)
    stream.give(3, pb.SignRequest(key="missing", raw=_RAW))
    assert stream.take().HasField("error")
    assert eventually(lambda: len(finished) == 4)
    stream.end()
    assert list(stream.call) == []
    assert eventually(lambda: len(finished) == 5)
    assert [(span.is_item, span.status) for span in finished] == [
        *[(True, "OK")] * 3,
        (True, "NOT_FOUND"),
        (False, "OK"),
    ]
