"""Targets are floors for throughput and ceilings for all else."""

import pytest

from tests.benchmarks.targets import TARGETS, Target, judged


@pytest.mark.parametrize(
    ("figure", "value", "met"),
    [
        ("p50_ratio", 1.2, True),
        ("p50_ratio", 1.201, False),
        ("raw_ratio", 1.0, True),
        ("throughput_ratio", 1.2, True),
        ("throughput_ratio", 1.199, False),
        ("throughput_ratio", 2.0, True),
    ],
)
def test_a_bound_itself_is_met(figure, value, met):
    assert Target("sign", figure, 1.2).met_by(value) is met


def test_each_target_is_told_with_what_was_measured():
    measured = {
        "p50_ratio": 1.3,
        "p99_ratio": 1.5,
        "throughput_ratio": 0.8,
        "p50_ratio_added": 0.1,
        "raw_ratio": 2.0,
        "p50_ratio_to_unary_echo": 0.95,
    }
    figure = measured | {name + "_spread": [value, value] for name, value in measured.items()}
    found = judged({target.case: figure for target in TARGETS})
    assert [row["met"] for row in found] == [False, True, True, False, True, True, True, False]
    assert found[0] == {
        "case": "sign_ed25519",
        "figure": "p50_ratio",
        "at_most": 1.25,
        "measured": 1.3,
        "spread": [1.3, 1.3],
        "met": False,
    }
    assert found[2]["at_least"] == 0.65
