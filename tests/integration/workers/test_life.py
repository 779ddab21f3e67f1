"""Workers that start, end, die and are replaced, and what their supervisor makes of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable

import pytest
from signward_server.core.startup import ExitCode

from tests.running.crews import alive, connected, crew, under_load, workers_of
from tests.running.homes import PATIENCE, SIGNWARD, Home, environment
from tests.running.keys import create, sign_request
from tests.running.process import Daemon, serve_and_fail
from tests.running.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

ALONE = ("--workers", "2", "--unix", "")


def test_a_worker_that_is_killed_is_replaced_and_calls_go_on(home: Home) -> None:
    with crew(home) as daemon, connected(daemon) as clients:
        create(clients[0], "k")
        first, second = workers_of(daemon)
        os.kill(first, signal.SIGKILL)
        assert eventually(lambda: len({*workers_of(daemon)} - {first, second}) == 1)
        assert second in workers_of(daemon)
        assert eventually(lambda: daemon.metric("signward_workers") == 2)
        assert daemon.metric("signward_worker_restarts_total") == 1
        assert eventually(lambda: daemon.probe("/readyz") == 200)
        with connected(daemon) as others:
            for client in (*clients, *others):  # connections that broke: it is safe to repeat
                client.sign(sign_request("k", request_id=os.urandom(8).hex()))


def test_s41_without_its_supervisor_no_worker_goes_on(home: Home) -> None:
    daemon = crew(home)
    workers = workers_of(daemon)
    daemon.process.kill()
    end = time.monotonic() + 1
    while any(map(alive, workers)) and time.monotonic() < end:
        time.sleep(0.01)
    assert not any(map(alive, workers))
    daemon.kill()
    with Daemon(home) as again:
        assert again.probe("/readyz") == 200


def test_s41_a_worker_whose_supervisor_died_at_once_touches_nothing(home: Home) -> None:
    """It was not yet tied to it, and somebody else may have the home by now."""
    ours, theirs = socket.socketpair()
    ours.close()
    options = (*ALONE, "--http", "", "--worker", "0", "--channel", str(theirs.fileno()))
    with theirs:
        failed = subprocess.run(
            [*SIGNWARD, "serve", "--home", home.path, *options],
            env=environment(),
            pass_fds=[theirs.fileno()],
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    assert failed.returncode == ExitCode.USAGE
    assert b"the supervisor of this worker has ended" in failed.stderr
    assert not (home.path / "instance").exists()


def test_a_hanging_worker_keeps_it_from_being_ready_until_it_goes_on(home: Home) -> None:
    with crew(home) as daemon:
        first, _ = workers_of(daemon)
        os.kill(first, signal.SIGSTOP)
        try:
            assert eventually(lambda: daemon.probe("/readyz") == 503)
            assert daemon.probe("/livez") == 200
            assert daemon.metric("signward_workers") == 2
        finally:
            os.kill(first, signal.SIGCONT)
        assert eventually(lambda: daemon.probe("/readyz") == 200)
        assert daemon.metric("signward_worker_restarts_total") == 0


def test_a_worker_that_hangs_for_good_is_replaced(home: Home) -> None:
    with crew(home) as daemon:
        first, _ = workers_of(daemon)
        os.kill(first, signal.SIGSTOP)
        assert eventually(lambda: not alive(first))
        assert eventually(lambda: daemon.metric("signward_workers") == 2)
        assert eventually(lambda: daemon.probe("/readyz") == 200)


def test_it_stops_under_load_with_0(home: Home) -> None:
    with crew(home) as daemon, daemon.client() as client:
        create(client, "k")
        with under_load(daemon, "k"):
            workers = workers_of(daemon)
            assert daemon.stop() == 0
        assert not any(map(alive, workers))
        assert '"critical"' not in daemon.said
        assert daemon.said.count('"stopped"') == 3


def test_what_a_worker_refuses_to_start_with_is_what_serve_says(home: Home) -> None:
    home.kek.chmod(0o644)
    failed = serve_and_fail(home, *ALONE)
    assert failed.code == 4
    said = [line for line in failed.said.splitlines() if line.startswith("signward: ")]
    assert len(said) == 1
    assert "chmod 600" in said[0]


def test_s41_two_supervisors_do_not_share_a_home(home: Home) -> None:
    with crew(home) as daemon:
        for options in (ALONE, ()):
            failed = serve_and_fail(home, *options)
            assert failed.code == 3
            assert f"in use by process {daemon.pid}" in failed.said


@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("listens", [False, True])
def test_s41_a_port_of_somebody_else_is_refused_however_it_is_bound(
    home: Home, shares: bool, listens: bool
) -> None:
    with socket.socket() as foreign:
        foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shares)
        foreign.bind(("127.0.0.1", 0))
        if listens:
            foreign.listen()
        where = f"127.0.0.1:{foreign.getsockname()[1]}"
        for option in ("listen.tcp", "listen.api_keys"):
            failed = serve_and_fail(home, *ALONE, "--set", f"{option}={where}")
            assert failed.code == 3
            assert f"{option}: {where} cannot be bound" in failed.said


def test_s41_another_home_is_refused_the_port(new_home: Callable[[], Home], home: Home) -> None:
    with crew(home) as daemon:
        for options in (ALONE, ("--unix", "")):
            failed = serve_and_fail(new_home(), *options, "--tcp", daemon.tcp)
            assert failed.code == 3
            assert "cannot be bound" in failed.said


def test_s43_what_cannot_be_divided_is_refused(home: Home) -> None:
    failed = serve_and_fail(
        home,
        *("--workers", "3"),
        *("--set", "rate_limits.failures.limit=2", "--set", "limits.streams_per_identity=1"),
    )
    assert failed.code == 2
    assert [line.partition(" is ")[0].rpartition(" ")[2] for line in failed.said.splitlines()] == [
        "listen.unix",
        "limits.streams_per_identity",
        "rate_limits.failures.limit",
    ]
