"""A stream is read one message ahead, and no further."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from signward.v1 import sign_service_pb2 as pb
from signward_server.rpc import items, router

from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.serving import Served, eventually, serve

pytestmark = pytest.mark.integration

_REQUEST = pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=b"hello"))


def _items(count: int) -> Iterator[pb.SignStreamRequest]:
    for number in range(count):
        yield pb.SignStreamRequest(id=number, request=_REQUEST)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Serve streams by threads of their own."""
    monkeypatch.setattr(items, "supported", lambda: False)
    with serve(tmp_path) as running:
        running.world.key()
        yield running


def _waiting(served: Served) -> list[bytes]:
    """Return the messages that grpcio holds for our threads."""
    states = served.server._main._server._state.rpc_states
    return [state.request for state in list(states) if state.request is not None]


def _waiting_ids(served: Served) -> list[int]:
    return [pb.SignStreamRequest.FromString(message).id for message in _waiting(served)]


def test_the_next_message_is_there_while_an_item_is_worked_on(served: Served) -> None:
    shut = threading.Event()

    def rule(judgement: Judgement) -> bool:
        return judgement.action != "SignRaw" or shut.wait(20)

    served.world.policy.rule = rule
    answers = served.signing().SignStream(_items(5), timeout=20)
    assert eventually(lambda: _waiting_ids(served) == [1])  # the first is worked on by then
    shut.set()
    assert [answer.id for answer in answers] == list(range(5))


def test_an_error_ends_the_stream_whatever_has_been_read(served: Served) -> None:
    def rule(judgement: Judgement) -> bool:
        served.world.clock.wall += 10**9  # the caller's certificate has expired meanwhile
        return True

    served.world.policy.rule = rule
    with pytest.raises(grpc.RpcError) as raised:
        list(served.signing().SignStream(_items(5), timeout=20))
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert eventually(lambda: not served.server._main._server._state.rpc_states)
    assert eventually(lambda: served.open_streams == 0)


def test_another_grpcio_streams_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "supported", lambda: False)
    monkeypatch.setattr(router, "supported", lambda: False)
    with serve(tmp_path) as served:
        served.world.key()
        answers = served.signing().SignStream(_items(5), timeout=20)
        assert [answer.id for answer in answers] == list(range(5))
