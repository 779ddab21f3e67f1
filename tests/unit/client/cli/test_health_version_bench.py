"""``signward health``, ``version`` and ``bench``."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable

import pytest
from signward import errors
from signward.cli.bench.cases import Case
from signward.cli.bench.measure import measure
from signward.cli.version import installed_version
from signward.v1.resources_pb2 import Algorithm
from signward.v1.sign_service_pb2 import Hash


def test_health_of_all_and_of_one(run):
    assert run("health").stdout == "SERVING\n"
    outcome = run("health", "signward.v1.KeyService")
    assert (outcome.code, outcome.stdout) == (6, "NOT_SERVING\n")
    assert run("health", "signward.v1.KeyService", "--json").json == {
        "service": "signward.v1.KeyService",
        "status": "NOT_SERVING",
    }
    assert run("health", "unknown").code == 4


def test_health_waits_until_it_serves(daemon, run):
    daemon.health[""] = 2
    threading.Timer(0.3, lambda: daemon.health.update({"": 1})).start()
    assert run("health", "--wait", "20").stdout == "SERVING\n"
    daemon.health[""] = 2
    started = time.monotonic()
    outcome = run("health", "--wait", "0.3")
    assert (outcome.code, outcome.stdout) == (6, "NOT_SERVING\n")
    assert time.monotonic() - started >= 0.3


def test_health_waits_for_a_daemon_that_is_not_there_yet(daemon, run):
    daemon.stop()
    started = time.monotonic()
    outcome = run("health", "--wait", "0.3")
    assert outcome.code == 6
    assert "start the daemon" in outcome.stderr
    assert 0.3 <= time.monotonic() - started < 10


def test_versions(bare_run):
    versions = bare_run("version", "--json").json
    assert versions["python"] == platform.python_version()
    assert set(versions) == {"signward", "grpcio", "protobuf", "python"}
    assert platform.python_version() in bare_run("version").stdout
    assert bare_run("--version").stdout == f"{versions['signward']}\n"
    assert installed_version("a-package-that-is-not-installed") == "not installed (run from source)"


def test_bench_measures_each_case_in_bounded_time(daemon, run):
    daemon.add_key("k")
    start = time.monotonic()
    outcome = run("bench", "k", "--seconds", "1", "--rounds", "2", "--threads", "2", "--json")
    assert outcome.code == 0, outcome.stderr
    assert time.monotonic() - start < 15
    figures = outcome.json
    assert list(figures) == ["health", "get_public_key", "sign", "sign_batch_64", "sign_stream_64"]
    assert figures["health"]["p50_ratio"] == figures["health"]["throughput_ratio"] == 1.0
    for values in figures.values():
        assert set(values) == {
            "p50_us", "p99_us", "throughput", "p50_ratio", "p99_ratio", "throughput_ratio",
        }  # fmt: skip
        assert 0 < values["p50_us"] <= values["p99_us"]
        assert values["throughput"] > 0


def test_bench_prints_a_table(daemon, run):
    daemon.add_key("k")
    lines = run("bench", "k", "--seconds", "1", "--rounds", "1").stdout.splitlines()
    assert lines[0].startswith("CASE")
    assert [line.split()[0] for line in lines[1:]] == [
        "health", "get_public_key", "sign", "sign_batch_64", "sign_stream_64",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("algorithm", "arguments", "expected"),
    [
        (Algorithm.ALGORITHM_ECDSA_SECP256K1, [], Hash.HASH_SHA256),
        (Algorithm.ALGORITHM_ECDSA_SECP256K1, ["--hash", "keccak256"], Hash.HASH_KECCAK256),
        (Algorithm.ALGORITHM_ED25519, [], Hash.HASH_UNSPECIFIED),
    ],
)
def test_bench_signs_what_the_algorithm_takes(daemon, run, algorithm, arguments, expected):
    daemon.add_key("k").versions[0].public_key.algorithm = algorithm
    outcome = run("bench", "k", "--seconds", "1", "--rounds", "1", *arguments)
    assert outcome.code == 0, outcome.stderr
    assert {request.raw.hash for request in daemon.calls("Sign")} == {expected}


def test_bench_with_a_wrong_key_fails_at_once(daemon, run):
    assert run("bench", "nothing", "--seconds", "300").code == 4


def test_bench_stops_at_a_failing_batch_item(daemon, run):
    daemon.add_key("k")
    good, daemon_sign = [2], daemon.sign

    def sign(request):
        good[0] -= 1
        return daemon_sign(request) if good[0] >= 0 else daemon_sign(type(request)(key="missing"))

    daemon.sign = sign
    assert run("bench", "k", "--seconds", "300").code == 4


def test_ratios_are_to_the_baseline():
    passed = 0.0

    def lasting(seconds: float) -> Callable[[], None]:
        def run() -> None:
            nonlocal passed
            passed += seconds

        return run

    cases = [
        Case("health", lasting(0.002)),
        Case("slow", lasting(0.008)),
        Case("burst", lasting(0.008), items=64),
    ]
    results = measure(cases, seconds=0.96, rounds=2, threads=1, clock=lambda: passed)
    health, slow, burst = results
    assert (health.name, health.p50_ratio, health.p99_ratio) == ("health", 1.0, 1.0)
    assert (slow.p50_us, slow.p50_ratio, slow.p99_ratio) == pytest.approx((8_000, 4, 4))
    assert (slow.throughput, slow.throughput_ratio) == pytest.approx((125, 0.25))
    assert (burst.throughput, burst.throughput_ratio) == pytest.approx((64 * 125, 16))


def test_a_failing_operation_ends_the_measurement():
    def fails() -> None:
        raise errors.Unavailable("gone")

    with pytest.raises(errors.Unavailable):
        measure([Case("health", fails)], seconds=0.1, rounds=1, threads=1)
