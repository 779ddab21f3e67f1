"""What every store of spending must do (S12)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from signward_server.core.ports import Event

from tests.contract.spending import (
    BY_ACCOUNT,
    BY_KEY,
    COLD,
    MAX,
    NOTIONAL,
    ORDERS,
    OTHER,
    Desk,
    order,
    reserve,
)
from tests.contract.stores import STORES, Bench


@pytest.fixture(params=sorted(STORES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = STORES[request.param](tmp_path)
    yield bench
    bench.close()


def test_what_is_judged_alone_counts_nothing(bench: Bench) -> None:
    caps = Desk(bench, (NOTIONAL, BY_ACCOUNT)).opened()
    reserve(caps, order(7, account="0xvault"))
    alone = caps.alone(order(5, 6, account="0xvault"))
    assert alone.totals == {"notional": 11, "by_account": 11}
    assert alone.before == {"notional": 0, "by_account": 0}
    assert list(alone.ahead()) == []
    alone.release()
    assert caps.alone(order(MAX, MAX)).totals == {"notional": MAX, "by_account": MAX}
    again = reserve(caps, order(1, account="0xvault"))
    assert again.before == {"notional": 7, "by_account": 7}


def test_s12_the_total_includes_the_request_and_a_denial_gives_it_back(bench: Bench) -> None:
    desk = Desk(bench)
    caps = desk.opened()
    assert reserve(caps, order(5)).totals == {"notional": 5}
    second = reserve(caps, order(7))
    assert (second.totals, second.before) == ({"notional": 12}, {"notional": 5})
    second.release()
    second.release()
    assert reserve(caps, order(1)).totals == {"notional": 6}
    assert desk.meter.counted.count((Event.CAP_COUNTED, "notional")) == 3
    assert desk.meter.counted.count((Event.CAP_RETURNED, "notional")) == 1


def test_several_caps_count_one_payload_at_once(bench: Bench) -> None:
    desk = Desk(bench, (NOTIONAL, ORDERS, BY_KEY))
    caps = desk.opened()
    assert reserve(caps, order(5, 6)).totals == {"notional": 11, "orders": 1, "by_key": 11}
    assert reserve(caps, order(1), OTHER).totals == {"notional": 1, "orders": 1, "by_key": 12}
    cold = reserve(caps, order(1), key=COLD)
    assert cold.totals == {"notional": 12, "orders": 2, "by_key": 1}
    cold.release()
    assert reserve(caps, order(0)).totals == {"notional": 11, "orders": 2, "by_key": 12}


def test_s12_agents_of_one_account_share_its_window(bench: Bench) -> None:
    desk = Desk(bench, (BY_ACCOUNT,), accounts={"hot": "0xaa", "cold": "0xaa"})
    caps = desk.opened()
    reserve(caps, order(5))
    assert reserve(caps, order(5), OTHER, COLD).totals == {"by_account": 10}
    assert reserve(caps, order(5, account="0xvault")).totals == {"by_account": 5}
    assert reserve(caps, order(5, account="0xvault"), key=COLD).totals == {"by_account": 10}
    desk.accounts.clear()
    assert reserve(caps, order(5)).totals == {"by_account": 5}
    assert reserve(caps, order(5), key=COLD).totals == {"by_account": 5}


def test_totals_saturate_and_come_back(bench: Bench) -> None:
    caps = Desk(bench).opened()
    first = reserve(caps, order(MAX))
    second = reserve(caps, order(MAX))
    third = reserve(caps, order(3))
    assert first.totals == second.totals == third.totals == {"notional": MAX}
    second.release()
    first.release()
    assert reserve(caps, order(0)).totals == {"notional": 3}
