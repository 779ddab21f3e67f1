"""Callers of the listener for API keys, however many, take nothing from those of the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from signward.v1 import sign_service_pb2 as pb
from signward.v1.sign_service_pb2_grpc import SignServiceStub
from signward_server.core.api_key_secrets import make_secret
from signward_server.rpc import early
from signward_server.rpc.server import BindError

from tests.fakes.spine.api_keys import api_key
from tests.fakes.spine.call import BOT
from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.serving import Served, eventually, reason, serve

pytestmark = pytest.mark.integration

SECRET = make_secret(bytes(range(32)))
MINE = (("authorization", f"Bearer {SECRET}"),)
GUESS = (("authorization", "Bearer signward_guess"),)
REQUEST = pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=b"hello"))
THREADS, QUEUE = 3, 4
HALF = 2  # of the threads, rounded up


class Gate:
    """A policy that holds signatures until it opens: all, or those of one kind of caller."""

    def __init__(self) -> None:
        self.inside = 0
        self.holds = {"api_key", "certificate"}
        self.open = threading.Event()

    def __call__(self, judgement: Judgement) -> bool:
        if judgement.action == "SignRaw" and judgement.authentication.value in self.holds:
            self.inside += 1
            assert self.open.wait(20)
        return True


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture(params=["early", "plain"])
def served(
    request: pytest.FixtureRequest, tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    if request.param == "plain":
        monkeypatch.setattr(early, "supported", lambda: False)
    with serve(tmp_path, threads=THREADS, queue=QUEUE) as running:
        running.world.key()
        running.world.policy.rule = gate
        expire_time = running.world.clock.now() + timedelta(hours=12)
        digest = running.world.secret_digest.digest(SECRET.encode())
        made = api_key("a" * 16, digest=digest, identity=BOT, expire_time=expire_time)
        running.world.api_keys.insert(made)
        yield running
        gate.open.set()


def alone(served: Served) -> SignServiceStub:
    """Return a connection of a caller without a certificate."""
    credentials = grpc.ssl_channel_credentials(served.authority.pem)
    options = [("grpc.use_local_subchannel_pool", 1)]
    channel = grpc.secure_channel(f"localhost:{served.api_key_port}", credentials, options)
    served.channels.append(channel)
    return SignServiceStub(channel)


def fill(
    stub: SignServiceStub, gate: Gate, threads: int, metadata: tuple[tuple[str, str], ...] = ()
) -> list[Future[pb.SignResponse]]:
    """Take all threads and places that a caller of this kind can take."""
    calls = []
    for number in range(threads + QUEUE):
        calls.append(stub.Sign.future(REQUEST, timeout=30, metadata=metadata))
        taken = min(number + 1, threads)
        assert eventually(lambda taken=taken: gate.inside == taken)
    return calls  # type: ignore[return-value]


def refused(stub: SignServiceStub, metadata: tuple[tuple[str, str], ...] = ()) -> str:
    with pytest.raises(grpc.RpcError) as raised:
        stub.Sign(REQUEST, timeout=10, metadata=metadata)
    return reason(raised.value)


def test_s42_when_the_listener_for_api_keys_is_full_the_others_serve(
    served: Served, gate: Gate
) -> None:
    gate.holds = {"api_key"}
    calls = fill(alone(served), gate, HALF, MINE)
    assert eventually(lambda: served.server.waiting == QUEUE)
    for metadata in (MINE, GUESS, ()):
        assert refused(alone(served), metadata) == "OVERLOADED"
    for _ in range(10):
        assert served.signing().Sign(REQUEST, timeout=10).version == 1
    gate.open.set()
    assert [call.result(20).version for call in calls] == [1] * (HALF + QUEUE)
    assert eventually(lambda: served.server.waiting == 0)


def test_when_the_others_are_full_the_listener_for_api_keys_serves(
    served: Served, gate: Gate
) -> None:
    gate.holds = {"certificate"}
    calls = fill(served.signing(), gate, THREADS)
    assert eventually(lambda: served.server.waiting == QUEUE)
    assert refused(served.signing()) == "OVERLOADED"
    assert alone(served).Sign(REQUEST, timeout=10, metadata=MINE).version == 1
    gate.open.set()
    assert [call.result(20).version for call in calls] == [1] * (THREADS + QUEUE)


def test_stopping_lets_a_call_with_an_api_key_finish_and_takes_no_more(
    served: Served, gate: Gate
) -> None:
    stub = alone(served)
    running = stub.Sign.future(REQUEST, timeout=30, metadata=MINE)
    assert eventually(lambda: gate.inside == 1)
    stopping = threading.Thread(target=served.server.stop, args=(20,))
    stopping.start()
    assert eventually(lambda: served.server._main._router._closing)
    assert eventually(lambda: refused(stub, MINE) == "SHUTTING_DOWN")
    assert stopping.is_alive()
    gate.open.set()
    assert running.result(20).version == 1
    stopping.join(10)
    assert not stopping.is_alive()


def test_streams_count_together(tmp_path: Path, gate: Gate) -> None:
    with serve(tmp_path, streams=1) as served:
        never = threading.Event()

        def silent() -> Iterator[pb.SignStreamRequest]:
            never.wait(20)
            yield from ()

        held = served.signing().SignStream(silent(), timeout=20)
        assert eventually(lambda: served.open_streams == 1)
        with pytest.raises(grpc.RpcError) as raised:
            next(alone(served).SignStream(iter(()), timeout=10, metadata=MINE))
        assert reason(raised.value) == "STREAM_LIMIT"
        never.set()
        assert list(held) == []


def test_an_address_in_use_is_named(served: Served) -> None:
    with pytest.raises(BindError, match="is another daemon using it"):
        served.server.listen_api_keys(f"127.0.0.1:{served.port}")


def test_a_server_whose_front_no_longer_serves_is_not_alive(served: Served) -> None:
    assert served.server.alive
    served.server._fronts[1].stop(0)
    assert eventually(lambda: not served.server.alive)
