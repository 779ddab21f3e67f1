"""kill -9 of the daemon while clients make keys: promise 8, through the wire."""

from __future__ import annotations

import logging
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from signward import Client, SignwardError
from signward.v1 import key_service_pb2 as key_pb
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

from tests.running.homes import Home
from tests.running.keys import HASHES, create, sign_request
from tests.running.process import UNMEASURED, Daemon

_log = logging.getLogger(__name__)
pytestmark = pytest.mark.integration

CREATORS = 4
LONGEST_LIFE = 0.3  # seconds of creation before the kill
_ALGORITHMS = tuple(HASHES)
_FULL = key_pb.KEY_VIEW_FULL


class Creators:
    """Threads that make keys until the daemon dies, and remember what was acknowledged."""

    def __init__(self, daemon: Daemon, round_number: int) -> None:
        self._daemon = daemon
        self._round = round_number
        self._first = threading.Event()
        self.acknowledged: dict[str, resources.Key] = {}

    def run_and_kill(self, after: float) -> None:
        with ThreadPoolExecutor(CREATORS) as pool:
            done = [pool.submit(self._create, thread) for thread in range(CREATORS)]
            assert self._first.wait(30)
            time.sleep(after)
            self._daemon.kill()
            for each in done:
                each.result(30)

    def _create(self, thread: int) -> None:
        with self._daemon.client("bot", timeout=10) as client:
            for number in range(100_000):
                name = f"r{self._round}-t{thread}-{number}"
                try:
                    key = create(client, name, _ALGORITHMS[number % 2])
                except SignwardError:
                    return
                self.acknowledged[name] = key
                self._first.set()


def check_whole(client: Client, listed: dict[str, resources.Key], names: set[str]) -> None:
    """Sign with keys, in batches, and verify each signature under the listed public key."""
    ordered = sorted(names)
    for start in range(0, len(ordered), 256):
        part = ordered[start : start + 256]
        requests = [sign_request(name, name.encode(), listed[name].algorithm) for name in part]
        for name, answer in zip(part, client.sign_batch(requests), strict=True):
            assert isinstance(answer, pb.SignResponse), (name, answer)
            verdict = client.verify_raw(
                name,
                name.encode(),
                answer.raw.signature,
                hash=HASHES[listed[name].algorithm],
                version=1,
            )
            assert verdict.valid, name


def rounds(home: Home, number: int) -> None:
    """Kill a daemon so often, and check everything after each restart."""
    chance = random.Random(20261121)  # noqa: S311 -- moments to kill at, not secrets
    acknowledged: dict[str, resources.Key] = {}
    checked: set[str] = set()
    starts = []
    daemon = Daemon(home, **UNMEASURED)
    try:
        for round_number in range(number):
            creators = Creators(daemon, round_number)
            creators.run_and_kill(chance.uniform(0, LONGEST_LIFE))
            acknowledged |= creators.acknowledged
            started = time.monotonic()
            daemon = Daemon(home, **UNMEASURED)
            starts.append(time.monotonic() - started)
            with daemon.client() as client:
                listed = {key.id: key for key in client.list_keys(page_size=500, view=_FULL)}
                assert acknowledged.keys() <= listed.keys()
                assert all(listed[name] == key for name, key in acknowledged.items())
                # Nothing but what was being made at a kill may be there unacknowledged.
                assert len(listed) <= len(acknowledged) + (round_number + 1) * CREATORS
                check_whole(client, listed, listed.keys() - checked)
                checked |= listed.keys()
        with daemon.client() as client:
            check_whole(client, listed, set(listed))
        assert daemon.stop() == 0
    finally:
        daemon.kill()
    assert '"level": "error"' not in daemon.said
    _log.info("%d keys, seconds to ready: %s", len(checked), sorted(starts))


@pytest.mark.timeout(400)
def test_kill_during_creation_loses_no_key_and_leaves_no_half_one(home: Home) -> None:
    rounds(home, 10)


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_kill_during_creation_soak(home: Home) -> None:
    rounds(home, 200)


def test_a_creation_that_was_cut_off_is_repeated_with_its_request_id(home: Home) -> None:
    """Whatever the kill cut off, the same request gives one key and the same answer twice."""
    identity = {"request_id": "creation-1", "custody": resources.CUSTODY_ENVELOPE}
    algorithm, purpose = resources.ALGORITHM_ED25519, resources.PURPOSE_RAW
    with Daemon(home) as daemon, daemon.client() as client:
        first = client.create_key("k", algorithm=algorithm, purpose=purpose, **identity)
        daemon.kill()
    with Daemon(home) as daemon, daemon.client() as client:
        again = client.create_key("k", algorithm=algorithm, purpose=purpose, **identity)
        assert again == first
        assert [key.id for key in client.list_keys()] == ["k"]


def test_a_killed_daemon_leaves_nothing_in_the_way(home: Home) -> None:
    daemon = Daemon(home)
    daemon.kill()
    assert home.socket.exists()
    assert Path(f"{home.socket}.lock").exists()
    with Daemon(home) as daemon, Client(daemon.unix, home.credentials()) as client:
        assert create(client, "k").id == "k"
    assert not home.socket.exists()
