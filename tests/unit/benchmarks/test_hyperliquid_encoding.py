from __future__ import annotations

from tests.benchmarks.hyperliquid_encoding import measure


def test_an_order_costs_at_most_two_signatures() -> None:
    figures = measure(rounds=40)
    assert all(figure > 0 for figure in figures.values())
    assert figures["ratio_order"] <= 2
