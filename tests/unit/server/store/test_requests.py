"""What the contract cannot see: expired claims leave the file, in small steps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from signward_server.store import Store, open_store
from signward_server.store.claims import ClaimRow
from signward_server.store.request_rows import ClaimRows

from tests.fakes.catalogue_keys import catalogue_key, creation_scope, signing_scope
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock

DAY = timedelta(days=1)
CONTENT = b"c" * 32


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def store(tmp_path: Path, clock: SteppedClock) -> Iterator[Store]:
    store = open_store(tmp_path / "signward.db", clock)
    yield store
    store.close()


def stored(store: Store) -> int:
    with store._swift.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM requests").scalar_one()


def test_expired_claims_leave_the_file_as_new_ones_come(store: Store, clock: SteppedClock) -> None:
    scope = creation_scope("hot")
    store.catalogue(HmacRows()).insert(catalogue_key("hot"), None, scope, CONTENT)
    requests = store.requests(HmacRows(), retention=DAY)
    for number in range(100):
        requests.claim(signing_scope(f"old {number}"), CONTENT, 1)
    clock.pass_time(DAY + timedelta(seconds=1))
    left = [stored(store)]
    for number in range(56):
        requests.claim(signing_scope(f"new {number}", identity="cn:other"), CONTENT, 1)
        left.append(stored(store))
    assert stored(store) == 56 + 1
    assert max(before - after for before, after in pairwise(left)) <= 16


def test_a_live_claim_is_never_purged(store: Store, clock: SteppedClock) -> None:
    requests = store.requests(HmacRows(), retention=DAY)
    for number in range(60):
        requests.claim(signing_scope(f"r{number}"), CONTENT, number)
        clock.pass_time(DAY / 60 - timedelta(microseconds=1))
    for number in range(60):
        assert requests.claim(signing_scope(f"r{number}"), CONTENT, 0).version == number


def test_memory_of_the_quota_is_bounded_by_steps(store: Store, clock: SteppedClock) -> None:
    requests = store.requests(HmacRows(), retention=DAY)
    for number in range(400):
        requests.claim(signing_scope(f"r{number}"), CONTENT, 1)
        clock.pass_time(DAY / 200)
    assert len(requests._usage["cn:bot"]._steps) <= 98
    assert 200 <= requests._usage["cn:bot"].total <= 204


def test_of_two_that_renew_an_expired_claim_the_first_wins(store: Store) -> None:
    rows = ClaimRows(store._swift)
    old, ours, theirs = (ClaimRow(CONTENT, version, version) for version in (1, 2, 3))
    assert rows.insert(b"s", "cn:bot", old, b"1")
    assert not rows.insert(b"s", "cn:bot", theirs, b"2")
    assert rows.find(b"s") == ("cn:bot", CONTENT, 1, 1, None, None, None, b"1")
    assert rows.renew(b"s", old, theirs, b"2")
    assert not rows.renew(b"s", old, ours, b"3")
    assert rows.find(b"s") == ("cn:bot", CONTENT, 3, 3, None, None, None, b"2")
    assert rows.find(b"t") is None
    rows.close()


@pytest.mark.parametrize(("retention", "quota"), [(timedelta(0), 1), (-DAY, 1), (DAY, 0)])
def test_a_retention_and_a_quota_are_positive(
    store: Store, retention: timedelta, quota: int
) -> None:
    with pytest.raises(ValueError, match="positive"):
        store.requests(HmacRows(), retention=retention, quota=quota)
