"""Daemons of several processes, on one file and on one database (S34)."""

from __future__ import annotations

import math
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest
from signward import Client, SignwardError

from tests.running.homes import PATIENCE, SIGNWARD, Home, environment
from tests.running.keys import create, sign_request
from tests.running.postgres import PostgresServer, new_server, shared_server
from tests.running.process import PATIENT, Daemon
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

RACES = 40
CONNECTIONS = 6  # enough for the kernel to give some to each worker
LEASE_S = 1.0
TWO = ("--workers", "2", "--set", "listen.unix=")
"""Where all goes on: no pause of a busy machine ends it."""


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that the test may stop."""
    server = new_server()
    yield server
    server.stop()


def _tried(client: Client, key: str) -> str:
    """Sign; return the reason why not, empty if it was signed."""
    try:
        client.sign(sign_request(key))
    except SignwardError as error:
        return error.reason
    return ""


def _until(outcome: str, clients: list[Client]) -> float:
    """Wait until all clients have an outcome at once; return when the last signature was begun."""
    signed = -math.inf

    def tried(client: Client) -> str:
        nonlocal signed
        begun = time.monotonic()
        reason = _tried(client, "hot")
        if reason == "":
            signed = begun
        return reason

    assert eventually(lambda: {tried(client) for client in clients} == {outcome})
    return signed


@pytest.mark.timeout(240)
@pytest.mark.parametrize("where", ["file", "database"])
def test_s34_no_worker_signs_once_a_freeze_has_returned(
    new_home: Callable[[], Home], where: str
) -> None:
    flags: tuple[str, ...] = (*TWO, *PATIENT)
    if where == "database":
        flags = (*flags, "--set", f"store.url={shared_server().new_database()}")
    with ExitStack() as opened, Daemon(new_home(), *flags) as daemon:
        clients = [opened.enter_context(daemon.client()) for _ in range(CONNECTIONS)]
        admins = [opened.enter_context(daemon.client("admin")) for _ in range(2)]
        create(clients[0], "hot")
        assert [_tried(client, "hot") for client in clients] == [""] * CONNECTIONS
        frozen, done = threading.Event(), threading.Event()
        wrong: list[str] = []
        numbers = count()

        def sign(client: Client) -> None:
            while not done.is_set():
                before = frozen.is_set()
                reason = _tried(client, "hot")
                next(numbers)
                if before and frozen.is_set() and reason != "KEY_FROZEN":
                    wrong.append(reason or "signed")

        threads = [threading.Thread(target=sign, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        opened.callback(done.set)
        for number in range(RACES):
            admins[number % 2].admin.freeze_key("hot", reason="race")
            frozen.set()
            assert _tried(admins[(number + 1) % 2], "hot") != ""
            frozen.clear()
            admins[number % 2].admin.unfreeze_key("hot", reason="race")
        done.set()
        for thread in threads:
            thread.join(PATIENCE)
        assert wrong == []
        assert next(numbers) > RACES


@pytest.mark.timeout(240)
def test_s34_without_its_database_no_worker_signs_and_all_do_when_it_is_back(
    new_home: Callable[[], Home], server: PostgresServer
) -> None:
    flags = ("--set", f"store.url={server.new_database()}", "--set", f"store.lease={LEASE_S}s")
    with ExitStack() as opened, Daemon(new_home(), *TWO, *flags) as daemon:
        # Whoever signs waits for no database: within this time there is an answer.
        clients = [opened.enter_context(daemon.client(timeout=5)) for _ in range(CONNECTIONS)]
        create(clients[0], "hot")
        _until("", clients)
        assert eventually(lambda: daemon.probe("/readyz") == 200)
        for away in (server.stop, server.start), (server.cut_everything, lambda: None):
            gone, back = away
            gone()
            since = time.monotonic()
            if gone == server.stop:
                assert _until("STORE_UNAVAILABLE", clients) <= since + LEASE_S
                assert eventually(lambda: daemon.probe("/readyz") == 503)
            back()
            _until("", clients)
            assert eventually(lambda: daemon.probe("/readyz") == 200)
        with server.frozen():
            since = time.monotonic()
            assert _until("STORE_UNAVAILABLE", clients) <= since + LEASE_S
        _until("", clients)
        key = clients[0].get_key("hot")
        assert [client.get_key("hot") for client in clients] == [key] * CONNECTIONS


@pytest.mark.timeout(240)
def test_s34_s41_homes_of_two_machines_share_a_database(new_home: Callable[[], Home]) -> None:
    url = shared_server().new_database()
    first, second = new_home(), new_home()  # copies of one, with the same KEK
    # The change after the end of one of them waits for its lease.
    flags = ("--set", f"store.url={url}", "--set", "store.lease=5s")
    with Daemon(first, *flags) as ours, ours.client() as client, ours.client("admin") as admin:
        create(client, "hot")
        adopt = [*SIGNWARD, "adopt", "--yes", "--home", str(second.path), *flags]
        done = subprocess.run(
            adopt, env=environment(), check=False, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr
        with Daemon(second, *flags) as theirs, theirs.client() as other:
            assert _tried(other, "hot") == _tried(client, "hot") == ""
            for _ in range(5):
                admin.admin.freeze_key("hot", reason="test")
                assert _tried(other, "hot") == "KEY_FROZEN"
                admin.admin.unfreeze_key("hot", reason="test")
                assert _tried(other, "hot") == ""
            theirs.kill()
            begun = time.monotonic()
            admin.admin.freeze_key("hot", reason="test")
            assert time.monotonic() - begun < 10
            assert _tried(client, "hot") == "KEY_FROZEN"
    with Daemon(first, *flags) as ours, ours.client() as client:
        assert _tried(client, "hot") == "KEY_FROZEN", "the other is one more, not in its place"
