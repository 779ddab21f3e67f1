"""Leaving a port that others serve: what the kernel drops, and what becomes of who connects."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from signward_server.rpc import departure
from signward_server.rpc.departure import close_listeners, held_still
from signward_server.rpc.packet_filters import HOLD_DATA, TURN_AWAY, filter_out, unfilter

from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

ANYWHERE = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def listener(stack: ExitStack, port: int = 0, family: int = socket.AF_INET) -> socket.socket:
    made = stack.enter_context(socket.socket(family))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((ANYWHERE[socket.AddressFamily(family)], port))
    made.listen(1024)
    return made


def connect(stack: ExitStack, to: socket.socket, timeout: float = 10) -> socket.socket:
    return stack.enter_context(socket.create_connection(to.getsockname()[:2], timeout))


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_who_begins_is_not_heard_and_who_has_begun_is(stack: ExitStack, family: int) -> None:
    ours = listener(stack, family=family)
    early = connect(stack, ours)
    filter_out(ours, TURN_AWAY)
    with pytest.raises(TimeoutError):
        connect(stack, ours, 0.2)
    taken = stack.enter_context(ours.accept()[0])
    early.sendall(b"heard")
    assert taken.recv(16) == b"heard"
    unfilter(ours)
    connect(stack, ours)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_what_is_held_comes_again_and_answers_go_out(stack: ExitStack, family: int) -> None:
    ours = listener(stack, family=family)
    theirs = connect(stack, ours)
    taken = stack.enter_context(ours.accept()[0])
    filter_out(taken, HOLD_DATA)
    theirs.sendall(b"x" * 100_000)
    taken.sendall(b"answer")
    assert theirs.recv(16) == b"answer"
    taken.settimeout(0.3)
    with pytest.raises(TimeoutError):
        taken.recv(16)
    unfilter(taken)
    taken.settimeout(10)
    received = 0
    while received < 100_000:
        received += len(taken.recv(2**16))


def test_nobody_who_connects_while_one_leaves_is_reset(stack: ExitStack) -> None:
    leaving = listener(stack)
    port = leaving.getsockname()[1]
    staying = listener(stack, port)
    for each in (leaving, staying):
        each.settimeout(0.1)
        threading.Thread(target=greeting, args=(each,), daemon=True).start()
    outcomes: list[str] = []
    ended = threading.Event()
    callers = [
        threading.Thread(target=calling, args=(port, outcomes, ended), daemon=True)
        for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    assert eventually(lambda: len(outcomes) > 50)
    close_listeners_but(staying, port)
    before = len(outcomes)
    assert eventually(lambda: len(outcomes) > before + 50)
    ended.set()
    for caller in callers:
        caller.join(10)
    assert set(outcomes) == {"hello"}


def close_listeners_but(staying: socket.socket, port: int) -> None:
    """Close this process's listeners of a port but one, which another process would have."""
    listens = departure._listens

    def leaves(each: socket.socket) -> bool:
        return listens(each) and not os.path.sameopenfile(each.fileno(), staying.fileno())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(departure, "_listens", leaves)
        close_listeners({port})


def greeting(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        except OSError:
            return
        with connection, suppress(OSError):
            connection.sendall(b"hello")


def calling(port: int, outcomes: list[str], ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            with socket.create_connection(("127.0.0.1", port), 10) as connection:
                outcomes.append(connection.recv(16).decode())
        except OSError as error:
            outcomes.append(repr(error))


def test_it_is_still_when_nothing_is_in_hand(stack: ExitStack) -> None:
    ours = listener(stack)
    theirs = connect(stack, ours)
    taken = stack.enter_context(ours.accept()[0])
    assert held_still({ours.getsockname()[1]}, lambda: True)
    theirs.sendall(b"held")
    taken.settimeout(0.2)
    with pytest.raises(TimeoutError):
        taken.recv(16)


def test_what_is_in_hand_is_let_in_until_it_ends(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departure, "_MOMENT", 10)
    ours = listener(stack)
    theirs = connect(stack, ours)
    taken = stack.enter_context(ours.accept()[0])
    rest = threading.Event()
    threading.Thread(target=lambda: (taken.recv(16), rest.set()), daemon=True).start()
    threading.Timer(0.1, lambda: theirs.sendall(b"rest")).start()
    assert held_still({ours.getsockname()[1]}, rest.is_set)
    assert rest.is_set()


def test_it_gives_up_on_what_never_ends(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_MOMENT", 2), ("_TRIES", 2), ("_BREATH", 0)):
        monkeypatch.setattr(departure, name, value)
    assert not held_still({listener(stack).getsockname()[1]}, lambda: False)
