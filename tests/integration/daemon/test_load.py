"""More than the daemon takes on: refused at once, and nobody else is kept waiting (S42)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from typing import TypeAlias

import grpc
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from signward import Client
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

from tests.running.calls import SIGN, Refusal, refusal_of, silent
from tests.running.homes import PATIENCE, Home
from tests.running.keys import create, sign_request
from tests.running.observation import ask, observed
from tests.running.process import PATIENT, Daemon
from tests.running.waiting import eventually, stays

pytestmark = pytest.mark.integration

SIGN_STREAM = SIGN + "SignStream"
WATCH = "/grpc.health.v1.Health/Watch"
REFLECT = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
REFLECT_ALPHA = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
FIRST: dict[str, Message] = {
    SIGN_STREAM: pb.SignStreamRequest(id=1, request=sign_request("k")),
    WATCH: health_pb2.HealthCheckRequest(),
    REFLECT: reflection_pb2.ServerReflectionRequest(list_services=""),
    REFLECT_ALPHA: reflection_pb2.ServerReflectionRequest(list_services=""),
}
STREAM_LIMIT = Refusal("RESOURCE_EXHAUSTED", "STREAM_LIMIT")
OVERLOADED = Refusal("RESOURCE_EXHAUSTED", "OVERLOADED")
STREAMS = 8
Call: TypeAlias = "grpc.UnaryUnaryMultiCallable[bytes, bytes]"  # generic in its stubs only
SIGNED = sign_request("k").SerializeToString()
SECP256K1 = resources.ALGORITHM_ECDSA_SECP256K1
SLOW_BATCH, SMALL_SLOW_BATCH = (
    pb.SignBatchRequest(
        requests=[sign_request("slow", bytes(size), SECP256K1)] * 256
    ).SerializeToString()
    for size in (2**11, 2**5)
)
SLICE = 32  # items of a batch that are signed in one go
WIPE_AT_ONCE = ("--set", "custody.envelope.default_unlock_ttl=0s")


def settings(**limits: object) -> list[str]:
    return [part for key, value in limits.items() for part in ("--set", f"limits.{key}={value}")]


@contextmanager
def serving(home: Home, **limits: object) -> Iterator[Daemon]:
    with Daemon(home, *settings(**limits), *PATIENT) as daemon:
        with daemon.client() as client:
            create(client, "k")
        yield daemon


class Stream:
    """A stream that got one answer and is idle now."""

    def __init__(self, channel: grpc.Channel, method: str) -> None:
        self._end = threading.Event()
        first = FIRST[method].SerializeToString()
        self._call = channel.stream_stream(method)(self._requests(first), timeout=PATIENCE)
        self._answers = iter(self._call)

    def opened(self) -> Stream:
        next(self._answers)
        return self

    def refusal(self) -> Refusal:
        with pytest.raises(grpc.RpcError) as raised:
            self.opened()
        return refusal_of(raised.value)

    def close(self) -> None:
        self._end.set()
        self._call.cancel()

    def _requests(self, first: bytes) -> Iterator[bytes]:
        yield first
        self._end.wait(PATIENCE)


def opens(client: Client, method: str) -> bool:
    stream = Stream(client.channel, method)
    try:
        stream.opened()
    except grpc.RpcError:
        return False
    finally:
        stream.close()
    return True


def test_s42_all_streams_open_and_idle_leave_unary_calls_alone(home: Home) -> None:
    with (
        serving(home, streams=STREAMS, streams_per_identity=STREAMS, unary_threads=2) as daemon,
        daemon.client() as client,
        ExitStack() as stack,
    ):
        kinds = [*FIRST] * (STREAMS // len(FIRST))
        streams = [Stream(client.channel, method).opened() for method in kinds]
        for stream in streams:
            stack.callback(stream.close)
        for number in range(50):
            client.sign(sign_request("k", b"%d" % number))
        for method in FIRST:  # whatever kind holds the places
            assert Stream(client.channel, method).refusal() == STREAM_LIMIT
        client.sign(sign_request("k"))
        streams.pop().close()
        assert eventually(lambda: opens(client, SIGN_STREAM))


def test_s42_one_identity_leaves_streams_to_the_others(home: Home) -> None:
    with (
        serving(home, streams=STREAMS, streams_per_identity=3) as daemon,
        daemon.client("bot") as bot,
        daemon.client("admin") as admin,
        ExitStack() as stack,
    ):
        for method in (SIGN_STREAM, WATCH, REFLECT):
            stream = Stream(bot.channel, method).opened()
            stack.callback(stream.close)
        assert Stream(bot.channel, WATCH).refusal() == STREAM_LIMIT
        with daemon.client("bot") as elsewhere:
            assert Stream(elsewhere.channel, SIGN_STREAM).refusal() == STREAM_LIMIT
        other = Stream(admin.channel, SIGN_STREAM).opened()
        stack.callback(other.close)


def test_s42_one_connection_carries_a_hundred_calls_at_a_time(home: Home) -> None:
    with (
        serving(home, streams=128, streams_per_identity=128) as daemon,
        daemon.client() as client,
        daemon.client() as other,
        ExitStack() as stack,
    ):
        streams = [Stream(client.channel, SIGN_STREAM).opened() for _ in range(100)]
        for stream in streams:
            stack.callback(stream.close)
        waiting: Future[bytes] = client.channel.unary_unary(SIGN + "Sign").future(SIGNED)
        assert other.sign(sign_request("k")).version == 1
        assert not waiting.done()
        streams.pop().close()
        assert waiting.result(PATIENCE)


def test_s42_calls_beyond_the_queue_are_refused_before_those_in_it_are_answered(
    home: Home,
) -> None:
    with (
        Daemon(home, *settings(unary_threads=1, queue=1), *WIPE_AT_ONCE, *PATIENT) as daemon,
        daemon.client() as client,
    ):
        create(client, "slow", SECP256K1)
        create(client, "k")
        call = client.channel.unary_unary(SIGN + "SignBatch")
        endings: list[Refusal | None] = []
        # A large message may take so long that its call gives way to the next one.
        calls = [call.future(SMALL_SLOW_BATCH, timeout=PATIENCE) for _ in range(12)]
        for each in calls:
            each.add_done_callback(lambda done: endings.append(outcome(done)))
        assert eventually(lambda: len(endings) == len(calls))
        assert set(endings) == {None, OVERLOADED}
        answered = endings.index(None)
        assert endings[:answered] == [OVERLOADED] * answered
        assert answered >= len(calls) // 2
        assert client.sign(sign_request("k")).version == 1


def test_s42_calls_that_never_send_their_message_are_cancelled(home: Home) -> None:
    with (
        serving(home, unary_threads=2, reception_timeout="300ms") as daemon,
        daemon.client() as client,
    ):
        never = threading.Event()
        calls = [
            client.channel.stream_unary(SIGN + "Sign").future(
                silent(lambda: never.wait(PATIENCE)), timeout=PATIENCE
            )
            for _ in range(8)
        ]
        for call in calls:
            with pytest.raises(grpc.RpcError) as raised:
                call.result(PATIENCE)
            assert raised.value.code() is grpc.StatusCode.CANCELLED
        never.set()
        assert client.sign(sign_request("k")).version == 1


def test_s42_one_identitys_silent_calls_do_not_stop_the_others(home: Home) -> None:
    with (
        serving(home, unary_threads=2, queue=4, reception_timeout="1m") as daemon,
        daemon.client("bot") as bot,
        daemon.client("admin") as admin,
    ):
        create(admin, "own")
        own = sign_request("own").SerializeToString()
        release = threading.Event()
        silent_calls = [
            bot.channel.stream_unary(SIGN + "Sign").future(awaited(release), timeout=PATIENCE)
            for _ in range(40)
        ]
        call = admin.channel.unary_unary(SIGN + "Sign")
        ended = eventually(lambda: any(each.done() for each in silent_calls))
        assert ended, "there was room for all of them"
        for _ in range(20):  # long before the silent calls are overdue
            assert eventually(lambda: outcome(call.future(own, timeout=5)) is None)
        release.set()
        assert {"OK"} < {
            "OK" if told is None else told.status for told in map(outcome, silent_calls)
        }


def test_s42_a_slow_reader_is_held_back_and_not_buffered_for(home: Home) -> None:
    message = pb.SignStreamRequest(request=sign_request("k", bytes(2**15)))
    most = 100_000
    taken = 0
    done = threading.Event()

    def requests() -> Iterator[bytes]:
        nonlocal taken
        for number in range(1, most):
            if done.is_set():
                return
            message.id = taken = number
            yield message.SerializeToString()

    small = [("grpc.http2.lookahead_bytes", 65536), ("grpc.http2.bdp_probe", 0)]
    with serving(home) as daemon, daemon.client(options=small) as client:
        before = daemon.status("VmRSS")
        stream = client.channel.stream_stream(SIGN_STREAM)(requests(), timeout=PATIENCE)
        assert eventually(lambda: stays(lambda: taken))  # answers are never read
        assert 0 < taken < most - 1
        assert daemon.status("VmRSS") - before < 20 * 1024  # KiB
        assert client.sign(sign_request("k")).version == 1
        done.set()
        stream.cancel()


def test_after_the_deadline_or_the_end_of_the_caller_nothing_is_signed(home: Home) -> None:
    with observed(home, *PATIENT) as daemon, daemon.client() as client:
        create(client, "slow", SECP256K1)
        call = client.channel.unary_unary(SIGN + "SignBatch")
        with pytest.raises(grpc.RpcError) as raised:
            call(SLOW_BATCH, timeout=0.02)
        assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        late = ask(daemon)["signatures"]
        assert eventually(lambda: stays(lambda: ask(daemon)["signatures"]))
        assert ask(daemon)["signatures"] <= late + SLICE  # those that were being made
        assert any(cut_short(daemon, call) for _ in range(20))


def cut_short(daemon: Daemon, call: Call) -> bool:
    """Cancel a batch; return whether it was in the middle, and that it stopped there."""
    before = ask(daemon)["signatures"]
    future = call.future(SLOW_BATCH, timeout=PATIENCE)
    while ask(daemon)["signatures"] == before and not future.done():
        time.sleep(0.002)  # it has not begun
    future.cancel()
    assert eventually(lambda: stays(lambda: ask(daemon)["signatures"]))
    return before < ask(daemon)["signatures"] < before + 256


def awaited(release: threading.Event) -> Iterator[bytes]:
    release.wait(PATIENCE)
    yield SIGNED


def outcome(future: grpc.Future[bytes]) -> Refusal | None:
    """Return what a call was refused with, nothing if it was answered."""
    try:
        future.result(PATIENCE)
    except grpc.RpcError as error:
        return refusal_of(error)
    return None
