"""The end: running calls finish, new ones are refused, health says so, exit code 0."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator

import grpc
import pytest
from grpc_health.v1 import health_pb2
from signward import Client, ServingStatus, SignwardError
from signward.retry import RetryPolicy
from signward.v1 import sign_service_pb2 as pb

from tests.running.calls import SIGN, held, refusal_of
from tests.running.homes import PATIENCE, Home
from tests.running.keys import create, sign_request
from tests.running.process import PATIENT, Daemon
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

SERVICES = ("", "signward.v1.SignService", "signward.v1.KeyService")
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVING = health_pb2.HealthCheckResponse.SERVING
SIGNED = sign_request("k").SerializeToString()
ENDING = {"UNAVAILABLE", "CANCELLED"}
HELD = ("--set", "limits.reception_timeout=1m", *PATIENT)


@pytest.fixture
def daemon(home: Home) -> Iterator[Daemon]:
    daemon = Daemon(home, "--set", "shutdown.grace=30s", *HELD)
    with daemon.client() as client:
        create(client, "k")
    yield daemon
    daemon.kill()


def terminate(daemon: Daemon, client: Client) -> None:
    client.health()  # what this connection carried before has arrived
    daemon.process.send_signal(signal.SIGTERM)
    assert eventually(lambda: '"stopping"' in daemon.said)


def ended_well(daemon: Daemon) -> None:
    assert daemon.wait() == 0
    assert '"stopped"' in daemon.said
    for word in ('"error"', '"critical"', "Traceback", "Exception"):
        assert word not in daemon.said
    assert not daemon.home.socket.exists()


def test_health_tells_the_truth_until_the_end(daemon: Daemon) -> None:
    with daemon.client() as client, daemon.client() as watcher:
        assert {client.health(service) for service in SERVICES} == {ServingStatus.SERVING}
        with pytest.raises(SignwardError) as raised:
            client.health("signward.v1.Nothing")
        assert raised.value.reason == "SERVICE_UNKNOWN"
        assert (daemon.probe("/livez"), daemon.probe("/readyz")) == (200, 200)
        assert daemon.probe("/metrics") == 200
        assert daemon.probe("/anything") == 404
        watch = watcher.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=PATIENCE)
        seen = (health_pb2.HealthCheckResponse.FromString(answer).status for answer in watch)
        assert next(seen) == SERVING
        with held(client.channel, SIGN + "Sign", SIGNED) as release:
            terminate(daemon, client)
            assert list(seen) == [NOT_SERVING]
            assert (daemon.probe("/livez"), daemon.probe("/readyz")) == (200, 503)
            release.set()
    ended_well(daemon)


def test_a_running_call_finishes_and_a_new_one_is_refused(daemon: Daemon) -> None:
    with daemon.client() as client, daemon.client() as late, daemon.client() as latest:
        late.sign(sign_request("k"))
        with held(client.channel, SIGN + "Sign", SIGNED) as release:
            terminate(daemon, client)
            for other in (late, latest):
                with pytest.raises(grpc.RpcError) as raised:
                    other.channel.unary_unary(SIGN + "Sign")(SIGNED, timeout=PATIENCE)
                refusal = refusal_of(raised.value)
                assert refusal.status == "UNAVAILABLE"
                assert refusal.reason in {"", "SHUTTING_DOWN"}
            release.set()  # and `held` sees its signature
    ended_well(daemon)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_further_signals_change_nothing(daemon: Daemon, number: signal.Signals) -> None:
    with daemon.client() as client, held(client.channel, SIGN + "Sign", SIGNED) as release:
        terminate(daemon, client)
        for _ in range(3):
            daemon.process.send_signal(number)
        assert daemon.probe("/livez") == 200
        release.set()
    ended_well(daemon)


def test_a_call_that_outlasts_the_grace_period_is_cut_off(home: Home) -> None:
    flags = ("--set", "shutdown.grace=200ms", *HELD)
    with Daemon(home, *flags) as daemon, daemon.client() as client:
        create(client, "k")
        never = threading.Event()
        call = client.channel.stream_unary(SIGN + "Sign").future(
            _after(lambda: never.wait(PATIENCE)), timeout=PATIENCE
        )
        stream = client.channel.stream_stream(SIGN + "SignStream")(
            _after(lambda: never.wait(PATIENCE)), timeout=PATIENCE
        )
        assert client.sign(sign_request("k")).version == 1
        terminate(daemon, client)
        ended_well(daemon)
        for running in (call.result, lambda: next(iter(stream))):
            with pytest.raises(grpc.RpcError) as raised:
                running()
            assert raised.value.code().name in ENDING
        never.set()


def _after(wait: Callable[[], object]) -> Iterator[bytes]:
    wait()
    yield SIGNED


def sign_until_the_end(daemon: Daemon, outcomes: list[str]) -> None:
    """Sign one by one, in batches and on a stream, until the daemon has gone."""
    impatient = RetryPolicy(attempts=1)
    with Client(daemon.tcp, daemon.home.credentials(), timeout=20, retries=impatient) as client:
        try:
            while True:
                for number in range(8):
                    client.sign(sign_request("k", b"%d" % number, request_id=f"r{number}"))
                answers = client.sign_batch([sign_request("k")] * 16)
                assert all(isinstance(answer, pb.SignResponse) for answer in answers)
                with client.stream() as stream:
                    stream.sign(sign_request("k"))
                outcomes.append("OK")
        except SignwardError as error:
            outcomes.append(error.status.name)


def test_sigterm_under_load_ends_in_order(daemon: Daemon) -> None:
    outcomes: list[str] = []
    threads = [
        threading.Thread(target=sign_until_the_end, args=(daemon, outcomes)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    assert eventually(lambda: len(outcomes) > 20)
    started = time.monotonic()
    with daemon.client() as client:
        terminate(daemon, client)
    ended_well(daemon)
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert time.monotonic() - started < 30, "it waited out the grace period with nothing to do"
    # What comes between the last running call and the end, grpc's core cuts off by itself.
    assert set(outcomes) <= {"OK", *ENDING}


def test_an_interruption_ends_it_in_order_too(home: Home) -> None:
    with Daemon(home) as daemon:
        daemon.process.send_signal(signal.SIGINT)
        ended_well(daemon)
