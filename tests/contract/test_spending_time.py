"""Windows in every store, and time (S13, S41)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.caps import COUNT

from tests.contract.spending import (
    HOUR,
    MAX,
    NOTIONAL,
    OTHER,
    PART,
    Desk,
    cap,
    order,
    reserve,
)
from tests.contract.stores import STORES, Bench


@pytest.fixture(params=sorted(STORES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = STORES[request.param](tmp_path)
    yield bench
    bench.close()


def test_it_is_free_again_when_it_has_left_the_window_and_no_sooner(bench: Bench) -> None:
    caps = Desk(bench).opened()
    reserve(caps, order(5))
    bench.clock.pass_time(HOUR - timedelta(seconds=1))
    assert reserve(caps, order(1)).totals == {"notional": 6}
    bench.clock.pass_time(PART + timedelta(seconds=1))
    assert reserve(caps, order(1)).totals == {"notional": 2}


def test_s13_no_step_of_the_wall_clock_frees_anything(bench: Bench) -> None:
    desk = Desk(bench)
    caps = desk.opened()
    reserve(caps, order(5))
    for step in (2 * HOUR, -10 * HOUR, 400 * HOUR):
        bench.clock.step_wall(step)
        assert reserve(caps, order(0)).totals == {"notional": 5}
        assert reserve(desk.opened(), order(0)).totals == {"notional": 5}, "nor by a restart"


def test_s13_after_a_start_of_the_machine_time_goes_on_by_the_wall_clock(bench: Bench) -> None:
    desk = Desk(bench)
    reserve(desk.opened(), order(5))
    for boot, wall, total in (
        ("1", timedelta(0), 5),
        ("2", -2 * HOUR, 5),
        ("", -2 * HOUR, 5),
        ("3", HOUR + PART, 0),
    ):
        bench.clock.boot = 5.0
        bench.clock.step_wall(wall)
        desk.boot = boot
        assert reserve(desk.opened(), order(0)).totals == {"notional": total}
        bench.clock.step_wall(-wall)


def test_s13_who_lags_behind_spends_at_the_time_of_the_others(bench: Bench) -> None:
    desk = Desk(bench)
    ahead = desk.opened()
    reserve(ahead, order(1))
    bench.clock.step_wall(-HOUR / 2)
    behind = Desk(bench, boot="another machine").opened()
    reserve(behind, order(5))
    bench.clock.pass_time(HOUR - timedelta(seconds=1))
    assert reserve(ahead, order(0)).totals == {"notional": 6}


def test_s41_windows_that_began_before_an_adoption_are_used_up(bench: Bench) -> None:
    desk = Desk(bench, (NOTIONAL, cap("short", window=HOUR / 2)))
    store = bench.store()
    caps = desk.opened(store)
    reserve(caps, order(5))
    bench.clock.pass_time(HOUR / 4)
    store.homes().adopt("home", 2, bench.clock.now())
    for each in (caps, desk.opened()):
        reservation = reserve(each, order(1), OTHER)
        assert reservation.totals == {"notional": MAX, "short": MAX}
        told = [(round(seconds), dict(totals)) for seconds, totals in reservation.ahead()]
        assert told[0] == (1800, {"notional": MAX, "short": 1})
        assert told[-1] == (3600, {"notional": 1, "short": 1})
        reservation.release()
    bench.clock.pass_time(HOUR / 2)
    assert reserve(caps, order(1)).totals == {"notional": MAX, "short": 1}
    bench.clock.pass_time(HOUR / 2)
    assert reserve(caps, order(1)).totals["notional"] == 2


def test_what_lies_ahead_is_what_comes(bench: Bench) -> None:
    caps = Desk(bench, (NOTIONAL, cap("short", window=HOUR / 4))).opened()
    for amount in (5, 7, 11):
        reserve(caps, order(amount))
        bench.clock.pass_time(timedelta(minutes=5))
    asked = reserve(caps, order(1))
    asked.release()
    ahead = list(asked.ahead())
    assert [seconds for seconds, _ in ahead] == sorted(seconds for seconds, _ in ahead)
    assert ahead[-1][1] == {"notional": 1, "short": 1}
    passed = 0.0
    for seconds, totals in ahead:
        bench.clock.pass_time(timedelta(seconds=seconds - passed))
        passed = seconds
        then = reserve(caps, order(1))
        then.release()
        assert {name: min(totals[name], total) for name, total in then.totals.items()} == dict(
            then.totals
        )


def test_another_window_goes_on_with_what_was_spent(bench: Bench) -> None:
    reservation = reserve(Desk(bench).opened(), order(5))
    longer = Desk(bench, (cap("notional", window=2 * HOUR),)).opened()
    assert reserve(longer, order(1)).totals == {"notional": 6}
    reservation.release()  # under other parts: it stays spent
    assert reserve(longer, order(1)).totals == {"notional": 7}
    other = Desk(bench, (cap("notional", COUNT),)).opened()
    assert reserve(other, order(1)).totals == {"notional": 1}
