"""What another process holds already, and what may not be written: the daemon says so (S41)."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.process import Daemon, NotReady, serve_and_fail

pytestmark = pytest.mark.integration

USAGE, IN_USE, STORE = 2, 3, 5


@pytest.fixture(scope="module")
def living(new_home: Callable[[], Home]) -> Iterator[Daemon]:
    """A daemon that must come to no harm."""
    with Daemon(new_home()) as daemon:
        with daemon.client() as client:
            create(client, "k")
        yield daemon
        works(daemon)


def works(daemon: Daemon) -> None:
    """Sign over new connections, by both ways in."""
    with daemon.client() as client:
        assert client.sign(sign_request("k")).version == 1
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(daemon.ready["unix"]))


def test_s41_a_second_daemon_on_a_home_is_refused(living: Daemon) -> None:
    outcome = serve_and_fail(living.home)
    assert outcome.code == IN_USE
    assert f"in use by process {living.pid}" in outcome.said
    works(living)


def test_s41_a_port_in_use_is_refused(living: Daemon, home: Home) -> None:
    for key in ("listen.tcp", "listen.api_keys", "listen.http"):
        outcome = serve_and_fail(home, "--set", f"{key}=127.0.0.1:{living.port}")
        assert outcome.code == IN_USE
        assert key in outcome.said
    works(living)


def test_s41_a_socket_in_use_is_not_taken_over(living: Daemon, home: Home) -> None:
    outcome = serve_and_fail(home, "--unix", str(living.ready["unix"]))
    assert outcome.code == IN_USE
    assert str(living.ready["unix"]) in outcome.said
    works(living)


def test_s41_a_socket_in_use_by_something_else_is_not_taken_over(home: Home) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as other:
        other.bind(str(home.socket))
        other.listen()
        outcome = serve_and_fail(home)
        assert outcome.code == IN_USE
        assert "another process listens" in outcome.said
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(home.socket))


def test_s41_a_stale_socket_is_replaced(home: Home) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as stale:
        stale.bind(str(home.socket))
    with Daemon(home) as daemon:
        mode = home.socket.stat().st_mode & 0o777
        assert mode == 0o660
        with daemon.client() as client:
            create(client, "k")
        works(daemon)


def test_a_file_in_the_sockets_place_is_kept(home: Home) -> None:
    home.socket.write_text("precious")
    outcome = serve_and_fail(home)
    assert outcome.code == IN_USE
    assert "is no socket" in outcome.said
    assert home.socket.read_text() == "precious"


def test_unknown_keys_are_refused_all_at_once(home: Home) -> None:
    home.configure("[limits]", "[listn]\ntcp = 1\n[limits]\nstreems = 3\nqueue = 0")
    outcome = serve_and_fail(home, "--set", "log.colour=red", SIGNWARD_LIMITS__THREDS="9")
    assert outcome.code == USAGE
    for problem in ("listn", "streems", "limits.queue", "log.colour", "SIGNWARD_LIMITS__THREDS"):
        assert problem in outcome.said, problem
    assert len(outcome.said.splitlines()) >= 5


def test_an_address_of_another_machine_is_refused(home: Home) -> None:
    shutil.rmtree(home.authority)  # as is right for a daemon that others reach
    outcome = serve_and_fail(home, "--tcp", "192.0.2.7:0")  # of RFC 5737, nobody's
    assert outcome.code == IN_USE
    assert "192.0.2.7:0 cannot be bound" in outcome.said


def test_s20_surroundings_that_spy_are_refused(home: Home) -> None:
    outcome = serve_and_fail(home, SSLKEYLOGFILE=str(home.path / "keys"), GRPC_TRACE="all")
    assert outcome.code == USAGE
    assert "SSLKEYLOGFILE" in outcome.said
    assert "GRPC_TRACE" in outcome.said


def test_a_home_that_may_not_be_written_is_refused(home: Home) -> None:
    # Root writes everywhere, unless it gives that right away.
    powers = "-dac_override,-dac_read_search"
    command = ("setpriv", "--bounding-set", powers) if os.geteuid() == 0 else ()
    for folder in (home.path, home.store.parent):
        folder.chmod(0o500)
        try:
            outcome = serve_and_fail(home, command=command)
        finally:
            folder.chmod(0o700)
        assert outcome.code in {IN_USE, STORE}
        assert "Traceback" not in outcome.said
        assert str(folder) in outcome.said
    with Daemon(home):
        pass


def test_a_daemon_that_fails_late_leaves_no_lock_behind(living: Daemon, home: Home) -> None:
    with pytest.raises(NotReady):
        Daemon(home, "--tcp", f"127.0.0.1:{living.port}")
    with Daemon(home) as daemon:
        assert daemon.ready["ready"] is True


def test_s41_a_store_has_one_daemon_whatever_the_home_is_called(living: Daemon) -> None:
    config = living.home.path / "signward.toml"
    above = living.home.path.parent
    outcome = serve_and_fail(living.home, "--home", str(above), "--config", str(config))
    assert outcome.code == IN_USE
    assert "the store" in outcome.said
    works(living)
