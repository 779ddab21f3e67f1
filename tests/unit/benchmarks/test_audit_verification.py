"""The benchmark of verification, with few records: that it measures what it says."""

from __future__ import annotations

from tests.benchmarks.audit_verification import measure


def test_figures_are_those_of_the_log():
    figures = measure(records=6_500, segments=2, rounds=1)
    assert figures["records"] == 6_500
    assert figures["segments"] == 3
    assert 350 < figures["bytes_per_record"] < 500
    assert figures["ratio_one_process"] > 1
    assert figures["records_per_s_one_process"] == 6_500 / figures["one_process_s"]
