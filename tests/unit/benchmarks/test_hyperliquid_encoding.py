from __future__ import annotations

from tests.benchmarks.hyperliquid_encoding import measure


def test_every_figure_is_measured() -> None:
    figures = measure(rounds=3)
    assert "ratio_order" in figures
    assert all(figure > 0 for figure in figures.values())
