"""Connections of one address beyond the cap are closed, and nobody else's (S42)."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from signward.v1 import sign_service_pb2 as pb
from signward_server.rpc import connections
from signward_server.rpc.connections import ConnectionCap

from tests.fakes.spine.serving import Served, eventually, serve

pytestmark = pytest.mark.integration

MOST = 4
FILES = Path("/proc/self/fd")
HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"
REQUEST = pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=b"hello"))


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(connections, "_INTERVAL", 0.05)
    with serve(tmp_path, connections_per_address=MOST, handshake=30) as running:
        running.world.key()
        yield running


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def connect(stack: ExitStack, port: int, source: str = HERE) -> socket.socket:
    """Return a connection that says nothing."""
    peer = socket.create_connection((HERE, port), timeout=5, source_address=(source, 0))
    return stack.enter_context(peer)


def places(served: Served) -> int:
    """Return how many places connections hold."""
    return sum(map(bool, served.server._cap._peers.copy().values()))


def is_closed(peer: socket.socket) -> bool:
    peer.setblocking(False)
    try:
        return peer.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_s42_the_newest_beyond_the_cap_are_closed_and_the_others_serve(
    served: Served, stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    stub = served.signing()
    assert stub.Sign(REQUEST, timeout=10).version == 1
    early = [connect(stack, served.port) for _ in range(MOST - 1)]
    time.sleep(0.3)
    assert not any(map(is_closed, early))
    assert served.server.connections_closed == 0
    with caplog.at_level(logging.WARNING):
        late = [connect(stack, port) for port in (served.port, served.api_key_port) * 3]
        assert eventually(lambda: all(map(is_closed, late)))
    assert not any(map(is_closed, early))
    assert stub.Sign(REQUEST, timeout=10).version == 1
    assert eventually(lambda: served.server.connections_closed == len(late))
    lines = [line for line in caplog.records if "too many connections" in line.getMessage()]
    assert 1 <= len(lines) <= 2


def test_s42_each_address_has_connections_of_its_own(served: Served, stack: ExitStack) -> None:
    floods = [connect(stack, served.port, ELSEWHERE) for _ in range(3 * MOST)]
    assert eventually(lambda: sum(map(is_closed, floods)) == 2 * MOST)
    for _ in range(MOST):
        assert served.signing().Sign(REQUEST, timeout=10).version == 1
    time.sleep(0.2)
    assert served.server.connections_closed == 2 * MOST


def test_a_place_that_becomes_free_is_given_away(served: Served, stack: ExitStack) -> None:
    held = [connect(stack, served.port) for _ in range(MOST)]
    assert eventually(lambda: places(served) == MOST)
    late = connect(stack, served.port)
    assert eventually(lambda: is_closed(late))
    for peer in held:
        peer.close()
    assert eventually(lambda: places(served) == 0)
    assert served.signing().Sign(REQUEST, timeout=10).version == 1


def test_one_that_is_shut_counts_once_and_holds_no_place(stack: ExitStack) -> None:
    listener = stack.enter_context(socket.create_server((HERE, 0)))
    port = listener.getsockname()[1]
    cap = ConnectionCap(1, {port})

    def accepted() -> socket.socket:
        connect(stack, port)
        return stack.enter_context(listener.accept()[0])

    first = accepted()
    assert cap.look() == 0
    shut = [accepted() for _ in range(2)]  # and they stay open here
    assert [cap.look() for _ in range(3)] == [2, 0, 0]
    assert all(map(is_closed, shut))
    assert not is_closed(first)
    assert cap.closed == 2
    first.close()
    following = accepted()
    assert cap.look() == 0
    assert not is_closed(following)


def test_other_sockets_of_the_process_are_left_alone(
    served: Served, stack: ExitStack, tmp_path: Path
) -> None:
    listener = stack.enter_context(socket.create_server((HERE, 0)))
    others = [connect(stack, listener.getsockname()[1]) for _ in range(2 * MOST)]
    others += [stack.enter_context(listener.accept()[0]) for _ in others.copy()]
    for path in [tmp_path / "s.sock"] * 2 * MOST:
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.connect(str(path))
        others.append(unix)
    time.sleep(0.3)
    assert not any(map(is_closed, others))
    assert served.server.connections_closed == 0


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_who_counts_as_one(text: str, counted: str) -> None:
    assert connections._host(text) == counted


def name_of(file: int) -> str:
    return str((FILES / str(file)).readlink())


def numbers(names: set[str]) -> int:
    """Return how many descriptors of this process stand for these files."""
    found = 0
    for file in FILES.iterdir():
        with suppress(FileNotFoundError):  # another thread's, which has closed it
            found += str(file.readlink()) in names
    return found


def test_a_number_that_stands_for_another_file_now_is_left_alone(
    stack: ExitStack, tmp_path: Path
) -> None:
    ours, other = map(stack.enter_context, socket.socketpair())
    file = stack.enter_context((tmp_path / "file").open("w"))
    name = name_of(ours.fileno())
    names = {name, name_of(other.fileno()), name_of(file.fileno())}
    assert not connections._shut(other.fileno(), name)
    assert not connections._shut(file.fileno(), name)
    assert not connections._shut(10**6, name)
    assert connections._peer(other.fileno(), name, {0}) == ""
    assert not is_closed(other)
    assert numbers(names) == len(names)
    assert connections._shut(ours.fileno(), name)
    assert is_closed(other)


def test_without_a_cap_nobody_looks(served: Served) -> None:
    cap = ConnectionCap(0, {served.port})
    cap.start()
    assert not cap._thread.is_alive()
    cap.stop()


def test_a_defect_ends_no_watch(
    served: Served, monkeypatch: pytest.MonkeyPatch, stack: ExitStack
) -> None:
    def broken(_files: list[int]) -> Iterator[tuple[str, int]]:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(connections, "sockets_among", broken)
        time.sleep(0.2)
    late = [connect(stack, served.port) for _ in range(MOST + 1)]
    assert eventually(lambda: sum(map(is_closed, late)) == 1)
