"""Figures of made-up samples, computed by hand."""

import pytest

from tests.benchmarks.cases import CASES
from tests.benchmarks.figures import figures
from tests.benchmarks.schedule import Samples
from tests.benchmarks.variants import FULL, places_of

_MS = 1e-3
_FACTORS = {"echo": 1, "spine": 1.5, "payload": 2.4}  # of the echo's time; all others take twice


@pytest.fixture
def samples():
    """Three rounds, of which the second takes ten times as long."""
    made = Samples()
    for slow in (1, 10, 1):
        for case in CASES:
            for place in places_of(case):
                factor = slow * _FACTORS.get(place[0], 2)
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
    rates = samples.rates[(FULL, "uds"), "sign_ed25519"]
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


def test_what_a_part_adds_is_taken_from_the_one_before(samples):
    found = figures(samples)
    added = found["sign_ed25519_payload"]
    assert added["p50_ratio"] == pytest.approx(2.4)
    assert added["adds_to"] == "sign_ed25519"
    assert added["p50_ratio_added"] == pytest.approx(0.4)
    assert added["throughput_ratio_added"] == pytest.approx(1 / 2.4 - 1 / 2, abs=1e-3)
    assert found["get_public_key_policies"]["adds_to"] == "get_public_key_spine"
    assert found["get_public_key_policies"]["p50_ratio_added"] == pytest.approx(0.5)
    assert found["sign_batch_64_payload"]["raw_ratio_added"] == pytest.approx(0.625)


def test_what_adds_to_nothing_measured_says_nothing_of_it(samples):
    found = figures(samples)
    for name in ("sign_ed25519_spine", "sign_secp256k1", "sign_ed25519_uds"):
        assert "p50_ratio" in found[name]
        assert "p50_ratio_added" not in found[name]
        assert "adds_to" not in found[name]


def test_every_variant_is_compared_with_the_echo(samples):
    found = figures(samples)
    assert found["sign_stream_api_key_alone"]["compared_with"] == "echo_sign_stream"
    assert found["sign_stream_spine"]["throughput_ratio_to_unary"] == 1


def test_the_unix_socket_is_compared_with_tcp(samples):
    for case in CASES:
        blocks = samples.latencies[(FULL, "uds"), case.name]
        blocks[:] = [[seconds / 2 for seconds in block] for block in blocks]
    found = figures(samples)
    assert found["sign_stream_uds"]["p50_ratio_to_tcp"] == 0.5
    assert found["echo_uds"]["p50_ratio_to_tcp"] == 1
