"""The benchmarks run, and their results have the form that the docs promise."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.cases import CASES
from tests.benchmarks.targets import TARGETS
from tests.benchmarks.variants import VARIANTS

_ROOT = Path(__file__).parents[2]
_ECHOES = {
    "get_public_key": "echo_get_public_key",
    "sign_ed25519": "echo",
    "sign_secp256k1": "echo_sign_secp256k1",
    "sign_order": "echo_sign_order",
    "sign_batch_64": "echo_sign_batch_64",
    "sign_stream": "echo_sign_stream",
}
_FIELDS = ("p50_us", "p99_us", "throughput", "p50_ratio", "p99_ratio", "throughput_ratio")

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    output = tmp_path_factory.mktemp("bench")
    command = [sys.executable, "-m", "tests.benchmarks", "--smoke", "--output", str(output)]
    path = f"{_ROOT}/client:{_ROOT}/server"
    subprocess.run(
        command,
        cwd=_ROOT,
        check=True,
        timeout=100,
        capture_output=True,
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"},
    )
    return output


@pytest.fixture(scope="module")
def results(folder):
    return json.loads((folder / "latest.json").read_text("utf-8"))


@pytest.mark.parametrize("suffix", ["", "_uds"])
def test_each_case_has_its_figures(results, suffix):
    for name in (*_ECHOES, *_ECHOES.values()):
        figures = results[name + suffix]
        assert all(figures[field] > 0 for field in _FIELDS), name
        assert figures["p50_us"] <= figures["p99_us"]


@pytest.mark.parametrize("suffix", ["", "_uds"])
def test_each_case_is_compared_with_its_echo_of_the_same_transport(results, suffix):
    assert set(_ECHOES) == {case.name for case in CASES}
    for case, echo in _ECHOES.items():
        assert results[case + suffix]["compared_with"] == echo + suffix
        assert results[echo + suffix]["p50_ratio"] == 1


@pytest.mark.parametrize("variant", VARIANTS[1:], ids=lambda variant: variant.name)
def test_each_part_says_what_it_adds_to(results, variant):
    before = next(other for other in VARIANTS if other.name == variant.before)
    for case in variant.cases:
        figures = results[variant.named(case, "tcp")]
        assert all(figures[field] > 0 for field in _FIELDS), case
        if case in before.cases:
            assert figures["adds_to"] == before.named(case, "tcp")
            assert {"p50_ratio_added", "throughput_ratio_added"} <= set(figures)


def test_each_target_is_judged(results):
    assert [(row["case"], row["figure"]) for row in results["targets"]] == [
        (target.case, target.figure) for target in TARGETS
    ]
    assert all(row["met"] in (True, False) for row in results["targets"])


def test_a_batch_is_compared_with_the_bare_function(results):
    batch = results["sign_batch_64"]
    assert batch["signature_us"] > batch["bare_signature_us"] > 0
    assert batch["raw_ratio"] > 1
    assert batch["raw_ratio_one_thread"] > 1
    assert batch["signatures_per_s"] == pytest.approx(64 * batch["throughput"], rel=0.01)


def test_a_stream_is_compared_with_unary_calls(results):
    assert results["sign_stream"]["throughput_ratio_to_unary"] > 0


def test_the_unix_socket_is_compared_with_tcp(results):
    assert results["sign_ed25519_uds"]["p50_ratio_to_tcp"] > 0


def test_metadata_says_how_it_was_measured(results):
    about = results["metadata"]
    assert about["rounds"] >= 2
    assert {"time", "cpus", "python", "packages", "plan"} <= set(about)
    assert set(about["variants"]) == {variant.name for variant in VARIANTS}


def test_the_plot_has_a_curve_for_each_case_server_and_transport(folder):
    svg = (folder / "latency.svg").read_text("utf-8")
    assert svg.count("<polyline ") == len(_ECHOES) * 2 * 2


def test_many_keys_are_measured(tmp_path):
    command = ["-m", "tests.benchmarks.many_keys", "--smoke", "--output", str(tmp_path)]
    path = f"{_ROOT}/client:{_ROOT}/server"
    done = subprocess.run(
        [sys.executable, *command],
        cwd=_ROOT,
        check=True,
        timeout=100,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"},
    )
    found = json.loads((tmp_path / "latest.json").read_text("utf-8"))
    assert [each["keys"] for each in found] == [10, 200]
    assert all(value > 0 for each in found for value in each.values())
    assert "| 200 " in done.stdout
    assert "</svg>" in (tmp_path / "keys.svg").read_text("utf-8")


def test_an_order_of_the_exchange_is_measured_beside_its_sdk(tmp_path):
    command = ["-m", "tests.benchmarks.hyperliquid", "--smoke", "--output", str(tmp_path)]
    path = f"{_ROOT}/client:{_ROOT}/server"
    done = subprocess.run(
        [sys.executable, *command],
        cwd=_ROOT,
        check=True,
        timeout=100,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"},
    )
    found = {each["name"]: each for each in json.loads((tmp_path / "latest.json").read_text())}
    assert set(found) == {
        "daemon, a call", "daemon, a stream", "daemon, a call under a cap",
        "bare echo, a call", "SDK as installed", "SDK with coincurve",
    }  # fmt: skip
    assert all(each["p50_us"] > 0 for each in found.values())
    assert [found[name]["at_most"] for name in ("SDK as installed", "SDK with coincurve")] == [
        0.2,
        2,
    ]
    assert "| SDK as installed " in done.stdout
