"""Every attack at once: a good client is served, and the daemon is as before afterwards.

Rules S38, S42 and S43. How quickly the good client is served is measured by the soak round
alone: on a machine that does other work a 99th percentile says little.
"""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import grpc
import pytest
from signward import Client, Credentials
from signward.v1 import sign_service_pb2 as pb

from tests.faults.siege import CAP, KEY, Siege, besieged, percentile
from tests.running.attacks import attacking
from tests.running.calls import SIGN, silent
from tests.running.homes import PATIENCE, Home
from tests.running.keys import sign_request
from tests.running.process import Daemon
from tests.running.waiting import eventually

_log = logging.getLogger(__name__)
pytestmark = pytest.mark.integration

UNKNOWN = {"API_KEY_INVALID", "IDENTITY_MISSING", "IDENTITY_UNKNOWN"}
LINES_A_SECOND, BYTES_A_SECOND = 17, 8 * 1024
GROWTH = 128 * 1024  # KiB: buffers of connections are not given back to the system at once
THREADS = 8  # the log's, and some that grpc starts when it has much to do
RATIO = 3.0
ROUNDS = 5


def open_streams(daemon: Daemon, number: int) -> bool:
    """Return whether so many streams can be open at a time."""
    first = pb.SignStreamRequest(id=1, request=sign_request(KEY)).SerializeToString()
    with daemon.client() as client, ExitStack() as stack:
        method = client.channel.stream_stream(SIGN + "SignStream")
        for _ in range(number):
            call = method(_asking(first), timeout=PATIENCE)
            stack.callback(call.cancel)
            try:
                next(call)
            except grpc.RpcError:
                return False
    return True


def _asking(first: bytes) -> Iterator[bytes]:
    yield first
    yield from silent(lambda: time.sleep(5))


def with_api_key(siege: Siege) -> Client:
    """Return a client that shows nothing but a good API key."""
    daemon = siege.daemon
    with daemon.client("admin") as admin:
        made = admin.admin.create_api_key("cn:bot", expires=timedelta(hours=1))
    ca = (daemon.home.path / "clients" / "ca.crt").read_bytes()
    return Client(str(daemon.ready["api_keys"]), Credentials(ca, api_key=made.secret),
                  timeout=PATIENCE)  # fmt: skip


def check_what_attackers_met(met: dict[str, dict[str, int]], idle: int) -> None:
    assert met["idle"] == {"opened": idle}
    assert set(met["foreign_certificates"]) == {"refused"}
    assert set(met["hostile_names"]) <= {"IDENTITY_UNKNOWN", "RATE_LIMITED"}
    assert set(met["bad_api_keys"]) <= {"API_KEY_INVALID", "IDENTITY_MISSING", "RATE_LIMITED"}
    assert set(met["streams"]) == {"opened", "STREAM_LIMIT"}
    assert met["streams"]["opened"] <= CAP
    assert 0 < met["slow_readers"]["sent"] < 50_000


@pytest.mark.timeout(240)
def test_s42_s43_a_good_client_is_served_while_everything_attacks(home: Home) -> None:
    idle = 200
    with (
        besieged(home, idle=idle, rate=20, handshake="30s") as siege,
        siege.daemon.client() as client,
    ):
        daemon = siege.daemon
        before = siege.descriptors(), daemon.status("Threads"), daemon.status("VmRSS")
        began = time.monotonic()
        with with_api_key(siege) as keyed, attacking(siege.attacks) as met:
            assert siege.descriptors() >= before[0] + idle
            for number in range(200):  # any refusal is raised
                client.sign(sign_request(KEY, b"%d" % number))
                keyed.sign(sign_request(KEY, b"%d" % number))
            for _ in range(5):
                with daemon.client() as fresh:
                    fresh.sign(sign_request(KEY))
            assert daemon.probe("/readyz") == 200
        took = time.monotonic() - began
        check_what_attackers_met(met, idle)
        counted = siege.failures()
        assert set(counted) == UNKNOWN
        met_by_floods = sum(sum(met[kind].values()) for kind in ("hostile_names", "bad_api_keys"))
        assert sum(counted.values()) == met_by_floods
        lines = siege.failure_lines()
        assert 0 < len(lines) <= LINES_A_SECOND * (took + 2)
        assert sum(map(len, lines)) <= BYTES_A_SECOND * (took + 2)
        assert len(daemon.said) - sum(map(len, lines)) < 4096, "others' failures filled the log"
        assert eventually(lambda: siege.descriptors() <= before[0] + 8)  # the store opens some
        assert eventually(lambda: daemon.status("Threads") <= before[1] + THREADS)
        assert daemon.status("VmRSS") <= before[2] + GROWTH
        assert eventually(lambda: open_streams(daemon, CAP)), "streams are not given back"


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_s42_s43_a_good_client_is_served_as_quickly_while_everything_attacks(home: Home) -> None:
    quiet, attacked = [], []
    idle = 1000
    with besieged(home, idle=idle, rate=25) as siege, siege.daemon.client() as client:
        daemon, threads = siege.daemon, siege.daemon.status("Threads")
        percentile(client, 2)
        grown = []
        for _ in range(ROUNDS):
            quiet.append(percentile(client, 4))
            with attacking(siege.attacks) as met:
                assert siege.descriptors() > idle
                attacked.append(percentile(client, 4))
            check_what_attackers_met(met, idle)
            assert eventually(lambda: siege.descriptors() < 100)
            grown.append(daemon.status("VmRSS"))
        assert daemon.status("Threads") <= threads + THREADS
        assert eventually(lambda: open_streams(daemon, CAP))
    medians = [statistics.median(times[1] for times in each) for each in (quiet, attacked)]
    halves = [statistics.median(times[0] for times in each) for each in (quiet, attacked)]
    _log.info("p50 quiet %.2f, attacked %.2f ms; p99 quiet %.2f, attacked %.2f ms; VmRSS %s KiB",
              *halves, *medians, grown)  # fmt: skip
    assert max(grown[1:]) - grown[0] < 32 * 1024, "memory grows with every attack"
    assert medians[1] <= RATIO * medians[0]
