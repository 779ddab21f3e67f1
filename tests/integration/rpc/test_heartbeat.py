"""A server whose serving thread has died or hangs is seen to be dead."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import grpc
import pytest
from grpc import _server
from signward_server.rpc import heartbeat
from signward_server.rpc.heartbeat import Heartbeat, supported

from tests.fakes.spine.serving import Served, eventually
from tests.running.homes import PATIENCE

pytestmark = pytest.mark.integration

SIGN = "/signward.v1.SignService/Sign"


def _connected(served: Served) -> grpc.UnaryUnaryMultiCallable:
    """Return a method over a connection that is made."""
    channel = served.channel()
    grpc.channel_ready_future(channel).result(PATIENCE)
    return channel.unary_unary(SIGN)


def test_it_beats_with_and_without_calls(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "_LONGEST_SILENCE", 3.0)
    beating = served.server._main._heartbeat
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        assert served.server.alive
        time.sleep(0.1)
    before = beating.seen
    with pytest.raises(grpc.RpcError):
        served.channel().unary_unary(SIGN)(b"", timeout=PATIENCE)
    assert beating.seen > before


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_serving_thread_that_died_is_seen(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert served.server.alive
    call = _connected(served)

    def fail(*_: object) -> bool:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(_server, "_process_event_and_continue", fail)
        with pytest.raises(grpc.RpcError):
            call(b"", timeout=1)
        assert eventually(lambda: not served.server.alive)
    serving = threading.Thread(
        target=_server._serve, args=(served.server._main._server._state,), daemon=True
    )
    serving.start()  # so that the server can be stopped
    assert not served.server.alive


def test_a_serving_thread_that_hangs_is_seen(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "_LONGEST_SILENCE", 1.5)
    call = _connected(served)
    release = threading.Event()
    process = _server._process_event_and_continue

    def hang(state: object, event: object) -> bool:
        release.wait(PATIENCE)
        return bool(process(state, event))

    with monkeypatch.context() as broken:
        broken.setattr(_server, "_process_event_and_continue", hang)
        with pytest.raises(grpc.RpcError):
            call(b"", timeout=0.5)
        assert eventually(lambda: not served.server.alive)
    release.set()
    assert eventually(lambda: served.server.alive)


def test_a_thread_of_the_pool_that_died_is_seen(served: Served) -> None:
    assert served.server.alive
    served.server._main._calls._tasks.put(None)
    assert eventually(lambda: not served.server.alive)


def test_a_server_that_was_not_started_is_not_alive() -> None:
    assert not Heartbeat(grpc.server(SimpleNamespace())).beats


def test_a_grpcio_of_other_parts_shows_death_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert supported()
    other = SimpleNamespace(_serve=lambda state: None, _ServerState=object)
    assert not supported(other)
    assert not supported(SimpleNamespace())
    monkeypatch.setattr(heartbeat, "supported", lambda: False)
    server = grpc.server(None)  # type: ignore[arg-type]  # it gets no calls
    beating = Heartbeat(server)
    beating.start()
    try:
        assert beating.beats
        assert type(server._state) is _server._ServerState
    finally:
        server.stop(0).wait(10)
    assert eventually(lambda: not beating.beats)
