"""A worker's end of its channel."""

import os
import socket
import threading

import pytest
from signward_server.core.ports import Reloaded, ReloadPart
from signward_server.supervisor import Link, LinkClosed, link
from signward_server.supervisor.frames import Frames
from signward_server.supervisor.messages import (
    CountNow,
    Leave,
    Outcome,
    Ready,
    ReloadAll,
    ReloadedAll,
    encoded,
    from_worker,
)

RESULT = Reloaded(ReloadPart.LOG, "v", changed=False)


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        made = Link(os.dup(ours.fileno()))
        ours.close()
        yield made, theirs
        made.close()


def heard(end: socket.socket):
    (content,) = Frames().feed(end.recv(4096))
    return from_worker(content)


def test_what_is_sent_arrives_and_nobody_inherits_it(ends):
    ours, theirs = ends
    ours.send(Ready())
    assert heard(theirs) == Ready()
    assert not os.get_inheritable(ours.fileno())


def test_it_yields_what_the_supervisor_says(ends):
    ours, theirs = ends
    theirs.sendall(encoded(CountNow(asked=3)) + encoded(Leave()))
    assert list(ours.receive()) == [CountNow(asked=3), Leave()]


def test_it_is_open_while_there_is_a_supervisor(ends):
    ours, theirs = ends
    ours.ensure_open()
    theirs.sendall(encoded(Leave()))
    ours.ensure_open()
    assert list(ours.receive()) == [Leave()]
    theirs.close()
    with pytest.raises(LinkClosed):
        ours.ensure_open()


def test_a_reload_waits_for_the_answer_of_all_others(ends):
    ours, theirs = ends

    def answer() -> None:
        asked = heard(theirs)
        assert isinstance(asked, ReloadAll)
        assert asked.parts == (ReloadPart.LOG,)
        workers = {1: (Outcome.of(RESULT),), 2: ()}
        theirs.sendall(encoded(ReloadedAll(asked=asked.asked, workers=workers)))
        assert list(ours.receive()) == []

    thread = threading.Thread(target=answer)
    thread.start()
    assert ours.reload([ReloadPart.LOG]) == {1: [RESULT], 2: []}
    thread.join(5)


def test_an_answer_that_does_not_come_is_an_error_and_one_that_comes_late_is_none(
    ends, monkeypatch
):
    monkeypatch.setattr(link, "_OTHERS", 0.05)
    ours, theirs = ends
    with pytest.raises(TimeoutError):
        ours.reload([])
    asked = heard(theirs)
    theirs.sendall(encoded(ReloadedAll(asked=asked.asked, workers={})))
    assert list(ours.receive()) == []


@pytest.mark.parametrize("said", [b"", b"\xff" * 8, b"\0\0\0\2{}"])
def test_an_end_or_nonsense_closes_it(ends, said):
    ours, theirs = ends
    theirs.sendall(said)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(LinkClosed):
        list(ours.receive())


def test_nobody_takes_what_is_sent(ends):
    ours, theirs = ends
    theirs.close()
    with pytest.raises(LinkClosed):
        ours.send(Ready())
    with pytest.raises(TimeoutError):
        ours.reload([])
