"""Streams: their slots come back on every kind of end, and unary calls never starve."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from grpc_health.v1 import health_pb2, health_pb2_grpc
from signward.v1 import sign_service_pb2 as pb
from signward.v1.sign_service_pb2_grpc import SignServiceStub
from signward_server.rpc import items

from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.serving import BOUNDS, Served, eventually, reason, serve

pytestmark = pytest.mark.integration

REQUEST = pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=b"hello"))
TOTAL, EACH = int(BOUNDS["streams"]), int(BOUNDS["streams_per_identity"])


class _Items:
    """A stream's requests, given one by one."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[pb.SignStreamRequest | None] = queue.SimpleQueue()

    def give(self, number: int, **fields: object) -> None:
        self._queue.put(pb.SignStreamRequest(id=number, request=REQUEST, **fields))  # type: ignore[arg-type]

    def end(self) -> None:
        self._queue.put(None)

    def __iter__(self) -> Iterator[pb.SignStreamRequest]:
        return iter(self._queue.get, None)


class _Stream:
    """An open stream that has answered once."""

    def __init__(self, served: Served, name: str = "bot") -> None:
        self.channel = served.channel(name)
        self.items = _Items()
        stub = self.channel.stream_stream(
            "/signward.v1.SignService/SignStream",
            request_serializer=pb.SignStreamRequest.SerializeToString,
            response_deserializer=pb.SignStreamResponse.FromString,
        )
        self.call = stub(iter(self.items), timeout=60)
        self.items.give(1)

    def opened(self) -> _Stream:
        assert next(self.call).HasField("response")
        return self

    def refusal(self) -> str:
        with pytest.raises(grpc.RpcError) as raised:
            next(self.call)
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        self.items.end()
        return reason(raised.value)

    def close(self) -> None:
        self.call.cancel()
        self.items.end()


@pytest.fixture(params=["serving thread", "worker", "thread of its own"])
def served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Served]:
    """Serve, with items answered in each of the three ways."""
    if request.param == "thread of its own":
        monkeypatch.setattr(items, "supported", lambda: False)
    with serve(tmp_path) as running:
        running.world.key()
        running.world.custody.unlocked = request.param == "serving thread"
        yield running


def _all_given_back(served: Served) -> bool:
    slots = served.server._slots
    return eventually(lambda: slots.open == 0 and not slots._of)


def test_half_close_answers_what_was_read_and_ends_with_ok(served: Served) -> None:
    sent = [pb.SignStreamRequest(id=n, request=REQUEST) for n in range(50)]
    call = served.signing().SignStream(iter(sent), timeout=20)
    assert [answer.id for answer in call] == list(range(50))
    assert call.code() is grpc.StatusCode.OK
    assert _all_given_back(served)


def test_idle_streams_at_the_maximum_leave_unary_calls_working(served: Served) -> None:
    streams = [_Stream(served, f"bot-{n}").opened() for n in range(TOTAL)]
    assert served.open_streams == TOTAL
    stub = served.signing()
    for _ in range(int(BOUNDS["threads"]) * 3):
        assert stub.Sign(REQUEST, timeout=10).version == 1
    for stream in streams:
        stream.close()
    assert _all_given_back(served)


def test_streams_are_capped_in_total_health_and_reflection_included(served: Served) -> None:
    streams = [_Stream(served, f"bot-{n}").opened() for n in range(TOTAL - 1)]
    channel = served.channel("watcher")
    watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
    next(watch)
    assert _Stream(served, "late").refusal() == "STREAM_LIMIT"
    watch.cancel()
    assert eventually(lambda: served.open_streams == TOTAL - 1)
    for stream in [*streams, _Stream(served, "late").opened()]:
        stream.close()
    assert _all_given_back(served)


def test_streams_are_capped_for_each_identity_over_all_its_connections(served: Served) -> None:
    streams = [_Stream(served).opened() for _ in range(EACH)]
    assert _Stream(served).refusal() == "STREAM_LIMIT"
    assert eventually(lambda: served.open_streams == EACH)
    streams.append(_Stream(served, "other").opened())
    streams[0].close()
    assert eventually(lambda: served.open_streams == EACH)
    assert eventually(lambda: served.server._slots._of["cn:bot"] == EACH - 1)
    streams.append(_Stream(served).opened())
    for stream in streams:
        stream.close()
    assert _all_given_back(served)


def test_slots_come_back_after_a_normal_end(served: Served) -> None:
    for _ in range(TOTAL * 2):
        stream = _Stream(served).opened()
        stream.items.end()
        assert list(stream.call) == []
    assert _all_given_back(served)


def test_slots_come_back_after_cancellation(served: Served) -> None:
    for _ in range(TOTAL * 2):
        _Stream(served).opened().close()
        assert _all_given_back(served)


def test_slots_come_back_after_a_deadline(served: Served) -> None:
    stub = served.signing()
    sent = _Items()
    call = stub.SignStream(iter(sent), timeout=0.3)
    with pytest.raises(grpc.RpcError) as raised:
        next(call)
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    sent.end()
    assert _all_given_back(served)


def test_slots_come_back_when_the_caller_vanishes(served: Served) -> None:
    streams = [_Stream(served).opened() for _ in range(EACH)]
    for stream in streams:
        stream.channel.close()
        stream.items.end()
    assert _all_given_back(served)


def test_slots_come_back_after_an_error(served: Served) -> None:
    stream = _Stream(served).opened()
    served.world.clock.advance(7200)  # the certificate has expired
    stream.items.give(2)
    with pytest.raises(grpc.RpcError) as raised:
        next(stream.call)
    assert reason(raised.value) == "CERTIFICATE_INVALID"
    stream.items.end()
    assert _all_given_back(served)


def test_slots_come_back_from_a_caller_who_is_refused(served: Served) -> None:
    served.world.clock.advance(7200)
    for _ in range(TOTAL * 2):
        stream = _Stream(served)
        with pytest.raises(grpc.RpcError) as raised:
            next(stream.call)
        assert reason(raised.value) == "CERTIFICATE_INVALID"
        stream.items.end()
    assert _all_given_back(served)


def test_slots_come_back_when_the_call_ends_before_its_handler_runs(served: Served) -> None:
    go = threading.Event()
    for _ in range(TOTAL):
        served.server._stream_pool.submit(go.wait, 20)
    stream = _Stream(served)
    assert eventually(lambda: served.open_streams == 1)
    stream.close()
    states = served.server._main._server._state  # type: ignore[attr-defined]
    assert eventually(lambda: not states.rpc_states)
    go.set()
    assert _all_given_back(served)
    assert served.world.custody.asked == []


def test_a_cancelled_stream_frees_its_thread(served: Served) -> None:
    for _ in range(TOTAL * 3):
        _Stream(served).opened().close()
    assert _all_given_back(served)
    ran = [served.server._stream_pool.submit(int) for _ in range(TOTAL * 2)]
    assert [future.result(10) for future in ran] == [0] * TOTAL * 2


def test_a_timeout_of_an_item_ends_the_item_alone(served: Served) -> None:
    def slow(judgement: Judgement) -> bool:
        if judgement.action == "SignRaw":
            served.world.clock.boot += 2
        return True

    stream = _Stream(served).opened()
    served.world.policy.rule = slow
    stream.items.give(2, timeout=Duration(seconds=1))
    assert reason(next(stream.call).error) == "DEADLINE_EXCEEDED"
    stream.items.give(3, timeout=Duration(seconds=5))
    assert next(stream.call).HasField("response")
    stream.close()


def test_a_caller_that_does_not_read_is_held_back(served: Served) -> None:
    given = 0

    def many() -> Iterator[pb.SignStreamRequest]:
        nonlocal given
        for given in range(50_000):
            yield pb.SignStreamRequest(id=given, request=REQUEST)

    # The caller's own window, which grows with the throughput, is the caller's memory.
    stub = SignServiceStub(served.channel(window=False))
    call = stub.SignStream(many(), timeout=60)
    assert eventually(lambda: _rests(served), within=20)
    signed = len(served.world.custody.asked)
    assert 0 < signed < 3_000, signed
    call.cancel()
    assert _all_given_back(served)
    assert len(served.world.custody.asked) <= signed + 1


def test_what_is_held_of_unread_messages_is_bounded(served: Served) -> None:
    item = pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=bytes(60_000)))
    stub = served.signing()
    for _ in range(50):  # traffic that would make a probing server open its window
        stub.Sign(item, timeout=10)
    go = threading.Event()
    served.world.policy.rule = lambda judgement: go.wait(20)
    taken = 0

    def many() -> Iterator[pb.SignStreamRequest]:
        nonlocal taken
        for taken in range(200):
            yield pb.SignStreamRequest(id=taken, request=item)

    call = stub.SignStream(many(), timeout=60)
    before = -1
    while before != taken:
        before = taken
        threading.Event().wait(0.3)
    assert taken * 60_000 < 1 << 20
    call.cancel()
    go.set()
    assert _all_given_back(served)


def _rests(served: Served) -> bool:
    """Return whether nothing is signed for a second."""
    before = len(served.world.custody.asked)
    pause = threading.Event()
    pause.wait(1)
    return before > 0 and len(served.world.custody.asked) == before


def test_s42_streams_of_one_connection_are_bounded(tmp_path: Path) -> None:
    with serve(tmp_path, streams_per_connection=2, streams=8, streams_per_identity=8) as served:
        served.world.key()
        channel = served.channel()
        stub = channel.stream_stream(
            "/signward.v1.SignService/SignStream",
            request_serializer=pb.SignStreamRequest.SerializeToString,
            response_deserializer=pb.SignStreamResponse.FromString,
        )
        sent = [_Items() for _ in range(3)]
        calls = [stub(iter(each), timeout=30) for each in sent]
        for each in sent:
            each.give(1)
        assert eventually(lambda: served.open_streams == 2)
        assert eventually(lambda: len(served.world.custody.asked) == 2)
        assert eventually(lambda: _rests(served))
        assert len(served.world.custody.asked) == 2
        for call, each in zip(calls, sent, strict=True):
            call.cancel()
            each.end()
