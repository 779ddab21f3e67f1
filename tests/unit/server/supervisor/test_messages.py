"""What both sides say, and what neither may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.ports import Reloaded, ReloadPart
from signward_server.supervisor import messages
from signward_server.supervisor.frames import BadFrameError, Frames
from signward_server.telemetry.metrics import Metrics


def content(message) -> bytes:
    (found,) = Frames().feed(messages.encoded(message))
    return found


RELOADED = Reloaded(ReloadPart.GROUPS, "ab" * 32, changed=True, problem="no")
OUTCOME = messages.Outcome.of(RELOADED)


@pytest.mark.parametrize(
    "message",
    [
        messages.Ready(),
        messages.Pulse(live=True, ready=False),
        messages.ReloadAll(asked=7, parts=(ReloadPart.POLICY, ReloadPart.LOG)),
        messages.ReloadedHere(asked=7, outcomes=(OUTCOME,)),
    ],
)
def test_what_a_worker_says_arrives_and_a_supervisor_may_not_say_it(message):
    assert messages.from_worker(content(message)) == message
    with pytest.raises(BadFrameError):
        messages.from_supervisor(content(message))


@pytest.mark.parametrize(
    "message",
    [
        messages.CountNow(asked=1),
        messages.Reload(asked=2, parts=()),
        messages.ReloadedAll(asked=3, workers={0: (OUTCOME,), 2: ()}),
        messages.Leave(),
    ],
)
def test_what_a_supervisor_says_arrives_and_a_worker_may_not_say_it(message):
    assert messages.from_supervisor(content(message)) == message
    with pytest.raises(BadFrameError):
        messages.from_worker(content(message))


def test_metrics_arrive_as_they_were():
    metrics = Metrics()
    metrics.observe("/signward.v1.SignService/Sign", "OK", 0.003)
    families = metrics.snapshot()
    counted = messages.Counted(asked=1, families=tuple(each.packed() for each in families))
    arrived = messages.from_worker(content(counted))
    assert isinstance(arrived, messages.Counted)
    assert arrived.unpacked() == families


def test_a_result_of_a_reload_arrives_as_it_was():
    assert OUTCOME.result() == RELOADED


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"kind":"ready"',
        b'{"kind":"ready","more":1}',
        b'{"kind":"pulse","live":1,"ready":true}',
        b'{"kind":"pulse","live":true}',
        b'{"kind":"reload_all","asked":"1","parts":[]}',
        b'{"kind":"reload_all","asked":1,"parts":["nothing"]}',
        b'{"kind":"counted","asked":1,"families":[["a","counter","b",[],[[["x"],"y"]]]]}',
        b'{"kind":["ready"]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_message_is_refused(said):
    for read in (messages.from_worker, messages.from_supervisor):
        with pytest.raises(BadFrameError):
            read(said)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_a_message(said):
    for read in (messages.from_worker, messages.from_supervisor):
        try:
            message = read(said)
        except BadFrameError:
            continue
        assert read(content(message)) == message
