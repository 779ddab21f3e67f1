"""What every store must offer to those who do something when its time comes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from signward_server.core.errors import StoreUnavailable
from signward_server.core.keys import Freeze, Key, KeyState, KeyVersion, Purpose, VersionState
from signward_server.core.ports import KeyDates, Step

from tests.contract.stores import STORES, Bench
from tests.fakes.catalogue_keys import CREATED, catalogue_key, key_version

DAY = timedelta(days=1)


@pytest.fixture(params=sorted(STORES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = STORES[request.param](tmp_path)
    yield bench
    bench.close()


def aged(name: str, *old: KeyVersion, **changes: Any) -> Key:
    """Return a key with versions before its primary one, oldest first."""
    primary = key_version(name, len(old) + 1)
    fields = {"versions": (primary, *reversed(old)), "primary_version": primary.version}
    return catalogue_key(name, **fields | changes)


def in_grace(name: str, number: int, days: int) -> KeyVersion:
    end = CREATED + days * DAY
    return key_version(name, number, state=VersionState.GRACE, grace_end_time=end)


def planned(name: str, number: int, days: int) -> KeyVersion:
    end = CREATED + days * DAY
    return key_version(name, number, state=VersionState.DESTROY_SCHEDULED, destroy_time=end)


def at(days: int) -> float:
    return (CREATED + days * DAY).timestamp()


def by_id(news: Any) -> dict[str, KeyDates]:
    return {key_dates.key_id: key_dates for key_dates in news}


def test_the_dates_of_all_keys_that_have_any(bench: Bench) -> None:
    store = bench.store()
    catalogue, timetable = store.catalogue(bench.rows), store.timetable()
    for key in (
        catalogue_key("none"),
        aged("grace", in_grace("grace", 1, 9), in_grace("grace", 2, 3)),
        aged("planned", planned("planned", 1, 8), planned("planned", 2, 7)),
        catalogue_key("rotated", rotation_period=90 * DAY),
        aged("all", in_grace("all", 1, 1), planned("all", 2, 2), rotation_period=5 * DAY),
        aged("endless", key_version("endless", 1, state=VersionState.GRACE)),
    ):
        catalogue.insert(key, None, None, b"")
    news = by_id(timetable.news())
    assert {name: dict(dates.dates) for name, dates in news.items()} == {
        "grace": {Step.RETIREMENT: at(3)},
        "planned": {Step.DESTRUCTION: at(7)},
        "rotated": {Step.ROTATION: at(90)},
        "all": {Step.RETIREMENT: at(1), Step.DESTRUCTION: at(2), Step.ROTATION: at(5)},
        "endless": {Step.RETIREMENT: 0.0},
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"state": KeyState.DISABLED},
        {"freeze": Freeze.ALL},
        {"freeze": Freeze.CANCEL_ONLY},
        {"purpose": Purpose.HEDERA, "network": "testnet"},
    ],
)
def test_a_key_that_is_stopped_or_bound_to_a_ledger_is_not_rotated(
    bench: Bench, changes: dict[str, Any]
) -> None:
    store = bench.store()
    key = catalogue_key("k", rotation_period=DAY, **changes)
    store.catalogue(bench.rows).insert(key, None, None, b"")
    assert [dict(dates.dates) for dates in store.timetable().news()] in ([], [{}])


def test_after_that_only_of_those_that_have_changed(bench: Bench) -> None:
    store = bench.store()
    catalogue, timetable = store.catalogue(bench.rows), store.timetable()
    for name in ("a", "b", "c"):
        catalogue.insert(aged(name, in_grace(name, 1, 3)), None, None, b"")
    assert len(list(timetable.news())) == 3
    assert list(timetable.news()) == []
    key = catalogue.get("b")
    assert key is not None
    retired = dataclasses.replace(key.versions[1], state=VersionState.RETIRED)
    catalogue.replace(dataclasses.replace(key, versions=(key.versions[0], retired)), key.revision)
    catalogue.insert(catalogue_key("d", rotation_period=DAY), None, None, b"")
    news = by_id(timetable.news())
    assert {name: dict(dates.dates) for name, dates in news.items()} == {
        "b": {},
        "d": {Step.ROTATION: at(1)},
    }
    timetable.restart()
    assert by_id(timetable.news()).keys() == {"a", "c", "d"}


def test_changes_of_another_process_are_news_as_well(bench: Bench) -> None:
    ours, theirs = bench.store(), bench.store()
    ours.catalogue(bench.rows)
    timetable = ours.timetable()
    assert list(timetable.news()) == []
    theirs.catalogue(bench.rows).insert(aged("k", in_grace("k", 1, 3)), None, None, b"")
    assert by_id(timetable.news()).keys() == {"k"}


def test_s13_the_floor_of_time_is_kept_and_never_lowered(bench: Bench) -> None:
    floor = bench.store().time_floor()
    assert floor.read() == 0
    floor.lift(1_800_000_000.123456)
    floor.lift(1_700_000_000.0)
    assert floor.read() == pytest.approx(1_800_000_000.123456, abs=1e-6)
    bench.close()
    assert bench.store().time_floor().read() == pytest.approx(1_800_000_000.123456, abs=1e-6)


def test_a_closed_store_keeps_no_time(bench: Bench) -> None:
    store = bench.store()
    floor = store.time_floor()
    bench.close()
    with pytest.raises(StoreUnavailable):
        floor.read()
    with pytest.raises(StoreUnavailable):
        floor.lift(1.0)


def test_the_turn_is_one_s_until_it_is_left(bench: Bench) -> None:
    ours, theirs = bench.store().turn(), bench.store().turn()
    assert ours.held()
    assert ours.held()
    assert not theirs.held()
    ours.close()
    assert theirs.held()
    assert not bench.store().turn().held()
    theirs.close()
    theirs.close()


def test_what_is_left_is_wiped_when_nobody_reads(bench: Bench) -> None:
    store = bench.store()
    catalogue = store.catalogue(bench.rows)
    catalogue.insert(aged("k", planned("k", 1, 3)), b"sealed", None, b"")
    assert store.wipe()
    assert catalogue.get("k") is not None
    bench.close()
    with pytest.raises(StoreUnavailable):
        store.timetable().news()
