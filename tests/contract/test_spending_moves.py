"""Rows of spending that go to another KEK, on every store (S22)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from signward_server.core.errors import StoreUnavailable
from signward_server.store import Store, batch, move_spending
from signward_server.store.schema import spending
from sqlalchemy import select, update

from tests.contract.spending import BY_KEY, COLD, NOTIONAL, OTHER, Desk, order, reserve
from tests.contract.stores import STORES, Bench
from tests.fakes.row_authenticator import HmacRows

NEW = HmacRows(b"n" * 32)


@pytest.fixture(params=sorted(STORES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = STORES[request.param](tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def store(bench: Bench) -> Store:
    """A store in which 5 were spent by one identity and 6 by another, with two keys."""
    store = bench.store()
    caps = Desk(bench, (NOTIONAL, BY_KEY)).opened(store)
    reserve(caps, order(5))
    reserve(caps, order(6), OTHER, COLD)
    return store


def moved(bench: Bench, store: Store) -> list[str]:
    """Move all rows; return what was left."""
    batches = list(move_spending(store.rekeying(), bench.rows, NEW))
    return [name for batch in batches for name in batch.left]


def totals(bench: Bench) -> list[int]:
    caps = Desk(replace(bench, rows=NEW, opened=[]), (NOTIONAL,)).opened(bench.store())
    return [reserve(caps, order(0), each).totals["notional"] for each in (OTHER,)]


@pytest.mark.parametrize("most", [1, 2, 500])
def test_s22_what_was_spent_goes_along_once_or_twice(
    bench: Bench, store: Store, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_MOST", most)
    assert moved(bench, store) == []
    assert moved(bench, store) == []
    assert totals(bench) == [6]


def test_s22_what_is_not_genuine_is_left_and_named(bench: Bench, store: Store) -> None:
    with store._durable.begin() as connection:
        scopes = connection.scalars(select(spending.c.scope).order_by(spending.c.scope)).all()
        broken = update(spending).where(spending.c.scope == scopes[1])
        connection.execute(broken.values(spent=b"x"))
    assert moved(bench, store) == [f"spending {scopes[1].hex()}"]
    assert moved(bench, store) == [f"spending {scopes[1].hex()}"]


def test_s22_before_that_the_new_one_spends_nothing(bench: Bench, store: Store) -> None:
    with pytest.raises(StoreUnavailable):
        totals(bench)
    assert moved(bench, store) == []
    assert totals(bench) == [6]
