"""Figures of made-up samples, computed by hand."""

import itertools

import pytest

from tests.benchmarks.cases import CASES
from tests.benchmarks.figures import figures
from tests.benchmarks.schedule import SERVERS, TRANSPORTS, Samples

_MS = 1e-3


@pytest.fixture
def samples():
    """Three rounds; the daemon takes twice the echo's time, the second round ten times."""
    made = Samples()
    for slow in (1, 10, 1):
        for place in itertools.product(SERVERS, TRANSPORTS):
            factor = slow * (2 if place[0] == "daemon" else 1)
            for case in CASES:
                block = [factor * _MS * (1 + n / 1000) for n in range(100)]
                made.latencies[place, case.name].append(block)
                made.rates[place, case.name].append(1000 / factor)
        made.bare.append(slow * 10e-6)
    return made


def test_figures_are_medians_of_rounds(samples):
    echo = figures(samples)["echo"]
    assert echo["p50_us"] == pytest.approx(1049.5)
    assert echo["p99_us"] == pytest.approx(1098)
    assert echo["throughput"] == 1000


def test_ratios_are_taken_within_rounds(samples):
    found = figures(samples)["sign_ed25519"]
    assert found["p50_ratio"] == found["p99_ratio"] == 2
    assert found["p50_ratio_spread"] == [2, 2]
    assert found["throughput_ratio"] == 0.5


def test_a_slow_round_on_one_side_shows_in_the_spread_only(samples):
    rates = samples.rates[("daemon", "uds"), "sign_ed25519"]
    rates[1] /= 4
    found = figures(samples)["sign_ed25519_uds"]
    assert found["throughput_ratio"] == 0.5
    assert found["throughput_ratio_spread"] == [pytest.approx(0.312, abs=1e-3), 0.5]


def test_batches_are_compared_with_the_bare_function(samples):
    batch = figures(samples)["sign_batch_64"]
    assert batch["signatures_per_s"] == 500 * 64
    assert batch["signature_us"] == pytest.approx(1e6 / (500 * 64), abs=0.1)
    assert batch["bare_signature_us"] == 10
    assert batch["raw_ratio"] == pytest.approx(3.125, abs=1e-3)
    assert batch["raw_ratio_one_thread"] == pytest.approx(2 * 1049.5 / 64 / 10, abs=1e-3)


def test_the_unix_socket_is_compared_with_tcp(samples):
    for case in CASES:
        blocks = samples.latencies[("daemon", "uds"), case.name]
        blocks[:] = [[seconds / 2 for seconds in block] for block in blocks]
    found = figures(samples)
    assert found["sign_stream_uds"]["p50_ratio_to_tcp"] == 0.5
    assert found["echo_uds"]["p50_ratio_to_tcp"] == 1
