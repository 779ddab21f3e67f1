"""Spending in every store when things go wrong (S12, S17)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from signward_server.core.errors import StoreUnavailable
from signward_server.core.payloads import Hash
from signward_server.core.ports import Event
from signward_server.core.signing import Decoded, Intent
from signward_server.store.schema import spending
from signward_server.store.spending import spending as spending_module
from sqlalchemy import bindparam, delete, select, text, update

from tests.contract.spending import (
    BOT,
    BY_KEY,
    COLD,
    HOT,
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


def test_s12_what_a_crash_left_reserved_counts_as_spent(bench: Bench) -> None:
    desk = Desk(bench)
    reserve(desk.opened(), order(5))
    bench.close()
    assert reserve(desk.opened(), order(1)).totals == {"notional": 6}


def test_what_no_cap_counts_touches_no_store(bench: Bench) -> None:
    caps = Desk(bench).opened()
    bench.close()
    raw = Decoded(Intent("SignRaw", {"size": 1, "hash": "NONE"}), (b"m",), Hash.NONE)
    reservation = reserve(caps, raw)
    assert reservation.totals == {}
    assert list(reservation.ahead()) == []
    reservation.release()
    with pytest.raises(StoreUnavailable):
        reserve(caps, order(1))


def test_s12_of_many_that_spend_at_once_none_goes_beyond_the_cap(bench: Bench) -> None:
    desk = Desk(bench, (NOTIONAL, ORDERS, BY_KEY))
    shared = [desk.opened() for _ in range(2)]
    limit, seed = 100, random.Random(7)  # noqa: S311  # which amounts, no secret
    amounts = [seed.randint(1, 9) for _ in range(80)]

    def spend(number: int) -> int:
        reservation = reserve(
            shared[number % 2], order(amounts[number]), key=(HOT, COLD)[number % 3 == 0]
        )
        if reservation.totals["notional"] <= limit:
            return amounts[number]
        reservation.release()
        return 0

    with ThreadPoolExecutor(8) as pool:
        signed = sum(pool.map(spend, range(len(amounts))))
    assert limit - 2 * 8 * 9 < signed <= limit
    assert reserve(shared[0], order(0)).totals["notional"] == signed


def test_s17_a_row_that_nobody_here_wrote_spends_nothing(bench: Bench) -> None:
    desk = Desk(bench)
    reserve(desk.opened(), order(5))
    store = bench.store()
    for column in ("spent", "mac", "scope"):
        with store._durable.begin() as connection:
            (value,) = connection.execute(select(spending.c[column])).one()
            broken = bytes([value[0] ^ 1]) + value[1:]
            change = update(spending).values({column: bindparam("value")})
            connection.execute(change, {"value": broken})
        if column != "scope":
            with pytest.raises(StoreUnavailable):
                reserve(desk.opened(), order(1))
        with store._durable.begin() as connection:
            connection.execute(change, {"value": value})
    assert reserve(desk.opened(), order(1)).totals == {"notional": 6}


@pytest.mark.parametrize("how", ["older", "gone", "broken"])
def test_s17_what_this_process_has_seen_spent_stays_spent(bench: Bench, how: str) -> None:
    desk = Desk(bench)
    store = bench.store()
    caps = desk.opened(store)
    reserve(caps, order(5))
    with store._durable.begin() as connection:
        older = connection.execute(text("SELECT spent, mac FROM spending")).one()
    reserve(caps, order(7))
    with store._durable.begin() as connection:
        if how == "gone":
            connection.execute(text("DELETE FROM spending"))
        elif how == "older":
            change = text("UPDATE spending SET spent = :spent, mac = :mac")
            connection.execute(change, {"spent": older[0], "mac": older[1]})
        else:
            connection.execute(text("UPDATE spending SET mac = spent"))
    assert reserve(caps, order(1)).totals == {"notional": 13}
    assert reserve(desk.opened(), order(1)).totals == {"notional": 14}


def test_a_release_that_the_store_does_not_take_leaves_it_spent(bench: Bench) -> None:
    desk = Desk(bench)
    reservation = reserve(desk.opened(), order(5))
    bench.close()
    reservation.release()
    assert desk.meter.counted.count((Event.STORE_FAILED, "spending")) == 1
    assert reserve(desk.opened(), order(1)).totals == {"notional": 6}


def test_s17_a_process_remembers_the_windows_that_it_used_last(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending_module, "_MOST_SEEN", 1)
    store = bench.store()
    caps = Desk(bench).opened(store)
    for identity in (BOT, OTHER):
        reserve(caps, order(5), identity)
    with store._durable.begin() as connection:
        connection.execute(delete(spending))
    assert reserve(caps, order(1)).totals == {"notional": 1}, "longer ago than it remembers"
    assert reserve(caps, order(1)).totals == {"notional": 2}
