"""How long a slow write is remembered."""

from __future__ import annotations

import pytest
from signward_server.audit import pace
from signward_server.audit.pace import Pace


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(pace.time, "perf_counter", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("took", "remembered"), [(0.004, 0.0), (0.006, 0.12), (0.03, 0.6), (0.05, 1.0), (9.0, 1.0)]
)
def test_a_slow_write_is_remembered_in_proportion_and_for_a_second_at_most(
    now: list[float], took: float, remembered: float
) -> None:
    writes = Pace()
    assert writes.is_quick
    began = writes.began = now[0]
    now[0] += took
    assert writes.is_quick is (took < 0.005)
    writes.began = 0.0
    writes.took(began)
    assert writes.is_quick is (remembered == 0)
    now[0] += remembered - 0.001
    assert writes.is_quick is (remembered == 0)
    now[0] += 0.002
    assert writes.is_quick


def test_what_is_known_to_take_longer_is_slow_before_it_begins(now: list[float]) -> None:
    writes = Pace()
    writes.expect_slow()
    assert not writes.is_quick
    now[0] += 1.001
    assert writes.is_quick
