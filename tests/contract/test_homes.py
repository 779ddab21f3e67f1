"""What every store must know of the homes that serve from it (S41)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contract.stores import STORES, Bench

ONE, TWO = "1" * 32, "2" * 32


@pytest.fixture(params=sorted(STORES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = STORES[request.param](tmp_path)
    yield bench
    bench.close()


def test_s41_a_generation_goes_up_from_what_it_is(bench: Bench) -> None:
    homes = bench.store().homes()
    assert homes.generations() == {}
    assert not homes.advance(ONE, 1)
    assert homes.advance(ONE, 0)
    assert not homes.advance(ONE, 0)
    assert homes.advance(ONE, 1)
    assert homes.advance(TWO, 0)
    bench.close()
    assert bench.store().homes().generations() == {ONE: 2, TWO: 1}


def test_s41_of_those_that_count_at_once_one_does(bench: Bench) -> None:
    stores = [bench.store().homes() for _ in range(4)]
    for expected in range(5):
        with ThreadPoolExecutor(4) as threads:
            done = list(threads.map(lambda homes, n=expected: homes.advance(ONE, n), stores))
        assert done.count(True) == 1
    assert stores[0].generations() == {ONE: 5}


def test_s41_an_adoption_is_remembered_with_its_time(bench: Bench) -> None:
    homes = bench.store().homes()
    assert homes.adopted is None
    homes.advance(ONE, 0)
    for home, generation in ((ONE, 3), (TWO, 2)):
        homes.adopt(home, generation, bench.clock.now())
        assert homes.adopted == bench.clock.now()
        bench.clock.pass_time(timedelta(hours=1))
    assert homes.generations() == {ONE: 3, TWO: 2}


def test_s41_a_home_that_joins_others_leaves_the_time_of_the_last_adoption(bench: Bench) -> None:
    homes = bench.store().homes()
    homes.adopt(ONE, 3, bench.clock.now(), joins=True)
    assert homes.adopted is None
    homes.adopt(ONE, 5, before := bench.clock.now())
    bench.clock.pass_time(timedelta(hours=1))
    homes.adopt(TWO, 2, bench.clock.now(), joins=True)
    assert homes.adopted == before
    assert homes.generations() == {ONE: 5, TWO: 2}


def test_starting_changes_nothing_that_daemons_keep_in_memory(bench: Bench) -> None:
    homes = bench.store().homes()
    before = homes.version
    homes.advance(ONE, 0)
    homes.adopt(ONE, 7, bench.clock.now())
    assert homes.version == before
