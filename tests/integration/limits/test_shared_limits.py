"""Replicas that count together, while the server comes and goes."""

import socket
import threading
import time
from contextlib import contextmanager
from ipaddress import IPv4Address

import pytest
from cryptography import x509
from signward_server.core.clock import SystemClock
from signward_server.core.errors import RateLimited
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.method_classes import MethodClass as M
from signward_server.core.ports import Event, Level
from signward_server.limits.redis_place import RedisPlace
from signward_server.limits.rules import Per, Rule
from signward_server.limits.shared_limits import SharedLimits, open_shared_limits

from tests.fakes.certificates import Authority
from tests.fakes.meter import FakeMeter
from tests.running.ports import free_port
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

BOT = Identity(IdentityKind.CN, "bot")
FIVE = Rule(M.SIGN, Per.IDENTITY, 5, 60)


class Replica:
    def __init__(self, place: RedisPlace, *, alone: bool = False, rules=(FIVE,)) -> None:
        self.meter = FakeMeter()
        self.limits: SharedLimits = open_shared_limits(
            rules, place, alone=alone, clock=SystemClock(), meter=self.meter
        )

    @property
    def is_up(self) -> bool:
        return self.meter.levels[Level.LIMIT_STORAGE_UP] == 1

    def refused(self, cost: int = 1) -> float:
        try:
            self.limits.admit(BOT, M.SIGN, "key", cost)
        except RateLimited as error:
            return error.retry_after
        return 0


@pytest.fixture
def opened():
    made: list[Replica] = []

    def make(url: str, *, alone: bool = False, rules=(FIVE,), **place) -> Replica:
        made.append(Replica(RedisPlace(url=url, **place), alone=alone, rules=rules))
        return made[-1]

    yield make
    for replica in made:
        replica.limits.close()


def test_replicas_count_together_and_name_nobody(start, opened):
    server = start()
    one, other = opened(server.url), opened(server.url)
    assert one.refused(3) == 0
    assert other.refused(2) == 0
    assert 50 < one.refused() < 60.1
    names = server.ask("KEYS *")
    assert "sign/identity" in names
    assert "bot" not in names


def test_it_refuses_while_the_server_is_down_and_recovers_by_itself(start, opened):
    server = start()
    replica = opened(server.url)
    assert replica.is_up
    assert replica.refused() == 0
    server.stop()
    assert 0 < replica.refused() <= 1.5
    assert not replica.is_up
    begun = time.monotonic()
    assert all(replica.refused() for _ in range(200))
    assert time.monotonic() - begun < 5, "nobody waits for a server that is down"
    server.start()
    assert eventually(lambda: replica.is_up)
    assert replica.refused(5) == 0
    assert replica.meter.counted.count((Event.LIMIT_STORAGE_FAILED, "")) >= 1


def test_it_counts_alone_while_the_server_is_down_if_configured(start, opened):
    server = start()
    replica = opened(server.url, alone=True)
    assert replica.refused(5) == 0
    assert replica.refused()
    server.stop()
    assert [replica.refused() > 0 for _ in range(6)] == [False] * 5 + [True]
    server.start()
    assert eventually(lambda: replica.is_up)
    assert replica.refused(5) == 0


def test_it_starts_without_the_server(start, opened):
    server = start()
    server.stop()
    replica = opened(server.url)
    assert not replica.is_up
    assert replica.refused()
    server.start()
    assert eventually(lambda: replica.is_up)
    assert replica.refused() == 0


@contextmanager
def listener_that_never_answers():
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        held: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    held.append(silent.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"redis://127.0.0.1:{silent.getsockname()[1]}"
        finally:
            silent.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for connection in held:
                connection.close()


def test_a_listener_that_never_answers_costs_one_wait(opened):
    with listener_that_never_answers() as url:
        begun = time.monotonic()
        replica = opened(url)
        assert time.monotonic() - begun < 3
        assert not replica.is_up
        begun = time.monotonic()
        assert all(replica.refused() for _ in range(200))
        assert time.monotonic() - begun < 5, "each waited"


def test_a_server_that_freezes_is_noticed_once_and_by_all(start, opened):
    server = start()
    replica, waits = opened(server.url), []
    assert replica.refused() == 0
    with server.frozen():

        def call() -> None:
            begun = time.monotonic()
            assert replica.refused()
            waits.append(time.monotonic() - begun)

        threads = [threading.Thread(target=call) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(waits) == 8
        assert max(waits) < 1.5
        assert replica.refused() < 1.5
    assert eventually(lambda: replica.is_up)
    assert replica.refused() == 0


def test_connections_that_are_cut_cost_nobody_a_refusal(start, opened):
    server = start()
    replica = opened(server.url)
    for _ in range(5):
        assert replica.refused() == 0
        server.ask("CLIENT KILL TYPE normal SKIPME yes")
    assert replica.refused() > 1.5
    assert replica.is_up


def test_the_server_is_reached_over_tls_and_only_if_its_ca_is_ours(start, opened, tmp_path):
    authority, foreign = Authority(tmp_path), Authority(tmp_path, "foreign")
    files = authority.issue("redis", x509.IPAddress(IPv4Address("127.0.0.1")))
    port = free_port()
    start(
        "--tls-port", str(port), "--bind", "127.0.0.1", "--tls-auth-clients", "no",
        "--tls-cert-file", str(files.certificate), "--tls-key-file", str(files.private_key),
        "--tls-ca-cert-file", str(authority.ca),
    )  # fmt: skip
    for scheme in ("rediss", "valkeys"):
        url = f"{scheme}://127.0.0.1:{port}/1"
        assert opened(url, ca=authority.ca, connect_timeout=2).is_up
        assert not opened(url, ca=foreign.ca, connect_timeout=2).is_up
        assert not opened(url, connect_timeout=2).is_up


def test_the_other_names_of_the_schemes_work(start, opened):
    server = start()
    assert opened(f"valkey+unix://{server.socket}").is_up
