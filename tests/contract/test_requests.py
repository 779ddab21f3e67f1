"""What every memory of request ids must do, whatever it is stored in (S33)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from signward_server.core.errors import (
    EnvelopeCorrupt,
    RequestIdQuota,
    RequestIdReused,
    StoreUnavailable,
)
from signward_server.core.ports import Claim, RequestLedger, RequestScope
from signward_server.store import Store, batch, move_claims
from signward_server.store.batch import Batch
from signward_server.store.canonical import scope_digest
from sqlalchemy import event, text

from tests.contract.stores import STORES, Bench
from tests.fakes.catalogue_keys import catalogue_key, creation_scope, signing_scope
from tests.fakes.row_authenticator import HmacRows

CONTENT = b"c" * 32
DAY = timedelta(days=1)
NEW = HmacRows(b"n" * 32)


@pytest.fixture(params=sorted(STORES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = STORES[request.param](tmp_path)
    yield bench
    bench.close()


def claim(requests: RequestLedger, scope: RequestScope, content: bytes, version: int) -> int:
    return requests.claim(scope, content, version).version


def change(store: Store, statement: str, **values: object) -> None:
    """Write past the store, as whoever has its file can."""
    with store.rekeying().changing() as connection:
        assert connection.execute(text(statement), values).rowcount > 0


def moved(bench: Bench, store: Store) -> list[Batch]:
    return list(move_claims(store.rekeying(), bench.rows, NEW))


def test_s33_a_retry_is_told_from_a_first_use(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows, retention=DAY, quota=1)
    assert requests.claim(signing_scope("r1"), CONTENT, 1) == Claim(1, replayed=False)
    assert requests.claim(signing_scope("r1"), CONTENT, 2) == Claim(1, replayed=True)
    bench.clock.pass_time(2 * DAY)
    assert requests.claim(signing_scope("r1"), CONTENT, 3) == Claim(3, replayed=False)
    assert requests.claim(signing_scope("r1"), CONTENT, 4) == Claim(3, replayed=True)


def test_s33_a_retry_resolves_to_the_version_of_the_first_use(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows)
    scope = signing_scope("r1")
    assert claim(requests, scope, CONTENT, 1) == 1
    assert claim(requests, scope, CONTENT, 2) == 1
    bench.close()
    assert claim(bench.store().requests(bench.rows), scope, CONTENT, 3) == 1


def test_s33_other_content_is_refused_and_changes_nothing(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows)
    scope = signing_scope("r1")
    claim(requests, scope, CONTENT, 1)
    with pytest.raises(RequestIdReused):
        claim(requests, scope, b"d" * 32, 2)
    assert claim(requests, scope, CONTENT, 3) == 1


def test_s33_what_was_claimed_is_found_and_nothing_else_is(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows, retention=DAY)
    scope = signing_scope("r1")
    assert requests.find(scope, CONTENT) is None
    requests.claim(scope, CONTENT, 1)
    requests.claim(signing_scope("r2"), CONTENT, 2, nonce=1_800_000_000_000)
    bench.close()
    requests = bench.store().requests(bench.rows, retention=DAY)
    assert requests.find(scope, CONTENT) == Claim(1, replayed=True)
    numbered = requests.find(signing_scope("r2"), CONTENT)
    assert numbered == Claim(2, replayed=True, nonce=1_800_000_000_000)
    with pytest.raises(RequestIdReused):
        requests.find(scope, b"d" * 32)
    bench.clock.pass_time(2 * DAY)
    assert requests.find(scope, CONTENT) is None
    assert requests.find(signing_scope("r2"), CONTENT) == numbered
    bench.clock.pass_time(2 * DAY)
    assert requests.find(signing_scope("r2"), CONTENT) is None


@pytest.mark.parametrize(
    "other",
    [
        RequestScope("cn:other", "/Sign", "hot", "r1"),
        RequestScope("cn:bot", "/SignBatch", "hot", "r1"),
        RequestScope("cn:bot", "/Sign", "cold", "r1"),
        RequestScope("cn:bot", "/Sign", "hot", "r2"),
        RequestScope("cn:bot/", "Sign", "hot", "r1"),
        RequestScope("cn:bot", "/Sign", "hotr", "1"),
        RequestScope("cn:bot", "/Sign", "", "hotr1"),
    ],
)
def test_s33_every_part_of_the_scope_counts(bench: Bench, other: RequestScope) -> None:
    requests = bench.store().requests(bench.rows)
    claim(requests, RequestScope("cn:bot", "/Sign", "hot", "r1"), CONTENT, 1)
    assert claim(requests, other, b"d" * 32, 2) == 2


def test_a_claim_ends_with_its_retention(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows, retention=DAY)
    scope = signing_scope("r1")
    claim(requests, scope, CONTENT, 1)
    bench.clock.pass_time(DAY - timedelta(seconds=1))
    assert claim(requests, scope, CONTENT, 2) == 1
    bench.clock.pass_time(timedelta(seconds=1))
    assert claim(requests, scope, b"d" * 32, 3) == 3
    assert claim(requests, scope, b"d" * 32, 4) == 3


def test_retention_runs_on_while_the_daemon_is_down(bench: Bench) -> None:
    claim(bench.store().requests(bench.rows, retention=DAY), signing_scope("r1"), CONTENT, 1)
    bench.close()
    bench.clock.pass_time(DAY / 2)
    assert (
        claim(bench.store().requests(bench.rows, retention=DAY), signing_scope("r1"), CONTENT, 2)
        == 1
    )
    bench.close()
    bench.clock.pass_time(DAY / 2 + timedelta(seconds=1))
    assert (
        claim(bench.store().requests(bench.rows, retention=DAY), signing_scope("r1"), CONTENT, 2)
        == 2
    )


@pytest.mark.parametrize("step", [-3650 * DAY, 3650 * DAY])
@pytest.mark.parametrize("restart", [False, True])
def test_a_stepped_clock_forgets_and_resurrects_nothing(
    bench: Bench, step: timedelta, restart: bool
) -> None:
    if restart and step > timedelta(0):
        step = DAY / 2  # a wall clock that is a day ahead at start cannot be told from a day
    requests = bench.store().requests(bench.rows, retention=DAY)
    claim(requests, signing_scope("gone"), CONTENT, 1)
    bench.clock.pass_time(DAY)
    claim(requests, signing_scope("gone"), b"d" * 32, 2)
    claim(requests, signing_scope("kept"), CONTENT, 3)
    bench.clock.step_wall(step)
    if restart:
        bench.close()
        requests = bench.store().requests(bench.rows, retention=DAY)
    assert claim(requests, signing_scope("gone"), b"d" * 32, 4) == 2
    assert claim(requests, signing_scope("kept"), CONTENT, 4) == 3
    with pytest.raises(RequestIdReused):
        claim(requests, signing_scope("gone"), CONTENT, 5)


def test_retention_goes_on_after_a_start_with_a_clock_that_is_behind(bench: Bench) -> None:
    claim(bench.store().requests(bench.rows, retention=DAY), signing_scope("r1"), CONTENT, 1)
    bench.close()
    bench.clock.step_wall(-3650 * DAY)
    requests = bench.store().requests(bench.rows, retention=DAY)
    bench.clock.pass_time(DAY / 2)
    assert claim(requests, signing_scope("r1"), CONTENT, 2) == 1
    bench.clock.pass_time(DAY / 2)
    assert claim(requests, signing_scope("r1"), CONTENT, 3) == 3


def test_s33_a_quota_is_not_freed_before_the_claim_expires(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows, retention=DAY, quota=1)
    bench.clock.pass_time(timedelta(minutes=7))
    claim(requests, signing_scope("r1"), CONTENT, 1)
    bench.clock.pass_time(DAY - timedelta(seconds=1))
    with pytest.raises(RequestIdQuota):
        claim(requests, signing_scope("r2"), CONTENT, 1)
    assert claim(requests, signing_scope("r1"), CONTENT, 2) == 1


def test_s33_a_full_quota_refuses_new_ids_and_still_finds_old_ones(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows, retention=DAY, quota=3)
    for number in range(3):
        claim(requests, signing_scope(f"r{number}"), CONTENT, 1)
    with pytest.raises(RequestIdQuota) as refused:
        claim(requests, signing_scope("r3"), CONTENT, 1)
    assert refused.value.retry_after is not None
    assert DAY <= timedelta(seconds=refused.value.retry_after) <= DAY * 98 / 96
    assert claim(requests, signing_scope("r0"), CONTENT, 2) == 1
    with pytest.raises(RequestIdReused):
        claim(requests, signing_scope("r0"), b"d" * 32, 2)
    assert claim(requests, signing_scope("r3", identity="cn:other"), CONTENT, 5) == 5


def test_s33_a_quota_holds_over_a_restart(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows, retention=DAY, quota=3)
    for number in range(3):
        claim(requests, signing_scope(f"r{number}"), CONTENT, 1)
    bench.close()
    requests = bench.store().requests(bench.rows, retention=DAY, quota=3)
    with pytest.raises(RequestIdQuota):
        claim(requests, signing_scope("r3"), CONTENT, 1)
    assert claim(requests, signing_scope("r2"), CONTENT, 2) == 1


def test_s33_waiting_as_told_frees_the_quota(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows, retention=DAY, quota=2)
    claim(requests, signing_scope("r0"), CONTENT, 1)
    bench.clock.pass_time(DAY / 2)
    claim(requests, signing_scope("r1"), CONTENT, 1)
    with pytest.raises(RequestIdQuota) as refused:
        claim(requests, signing_scope("r2"), CONTENT, 1)
    bench.clock.pass_time(timedelta(seconds=refused.value.retry_after or 0))
    assert claim(requests, signing_scope("r2"), CONTENT, 2) == 2
    with pytest.raises(RequestIdQuota):
        claim(requests, signing_scope("r3"), CONTENT, 1)
    assert claim(requests, signing_scope("r1"), CONTENT, 2) == 1


def test_s33_a_retry_takes_nothing_from_the_quota(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows, quota=2)
    for _ in range(10):
        claim(requests, signing_scope("r0"), CONTENT, 1)
    assert claim(requests, signing_scope("r1"), CONTENT, 4) == 4


def test_a_creation_takes_nothing_from_the_quota_and_never_expires(bench: Bench) -> None:
    store = bench.store()
    catalogue = store.catalogue(bench.rows)
    scope = creation_scope("hot")
    key = catalogue.insert(catalogue_key("hot"), None, scope, CONTENT)
    requests = store.requests(bench.rows, retention=DAY, quota=1)
    claim(requests, signing_scope("r0"), CONTENT, 1)
    bench.clock.pass_time(400 * DAY)
    for number in range(40):
        bench.clock.pass_time(2 * DAY)
        claim(requests, signing_scope(f"later {number}"), CONTENT, 1)
    assert catalogue.insert(catalogue_key("hot"), None, scope, CONTENT) == key


def test_racing_claims_resolve_to_one_version(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows)
    start = threading.Barrier(8)
    versions = count(1)

    def race(_: int) -> Claim:
        version = next(versions)
        start.wait(10)
        return requests.claim(signing_scope("r1"), CONTENT, version)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(race, range(8)))
    assert len({outcome.version for outcome in outcomes}) == 1
    assert sorted(outcome.replayed for outcome in outcomes) == [False] + [True] * 7


def test_two_daemons_on_one_store_resolve_to_one_version(bench: Bench) -> None:
    ours, theirs = bench.store().requests(bench.rows), bench.store().requests(bench.rows)
    assert claim(ours, signing_scope("r1"), CONTENT, 1) == 1
    assert claim(theirs, signing_scope("r1"), CONTENT, 2) == 1
    with pytest.raises(RequestIdReused):
        claim(theirs, signing_scope("r1"), b"d" * 32, 2)


def test_a_closed_memory_claims_nothing(bench: Bench) -> None:
    store = bench.store()
    requests = store.requests(bench.rows)
    store.close()
    with pytest.raises(StoreUnavailable):
        claim(requests, signing_scope("r1"), CONTENT, 1)


def test_s33_a_retry_gets_the_nonce_of_the_first_use(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows)
    scope = signing_scope("r1")
    assert requests.claim(scope, CONTENT, 1, 1_800_000_000_001) == Claim(
        1, replayed=False, nonce=1_800_000_000_001
    )
    first = Claim(1, replayed=True, nonce=1_800_000_000_001)
    assert requests.claim(scope, CONTENT, 2, 1_800_000_000_002) == first
    bench.close()
    assert bench.store().requests(bench.rows).claim(scope, CONTENT, 2, 1_800_000_000_003) == first
    with pytest.raises(RequestIdReused):
        bench.store().requests(bench.rows).claim(scope, b"d" * 32, 2, 1_800_000_000_004)


@pytest.mark.parametrize("retention", [timedelta(minutes=1), DAY, 7 * DAY])
def test_s33_a_nonce_is_kept_for_as_long_as_the_exchange_takes_it(
    bench: Bench, retention: timedelta
) -> None:
    requests = bench.store().requests(bench.rows, retention=retention)
    requests.claim(signing_scope("r1"), CONTENT, 1, 7)
    requests.claim(signing_scope("plain"), CONTENT, 1)
    bench.clock.pass_time(2 * DAY)
    for number in range(40):  # what is old is purged as new ones come
        claim(requests, signing_scope(f"later {number}"), CONTENT, 1)
    assert requests.claim(signing_scope("r1"), CONTENT, 2, 8) == Claim(1, replayed=True, nonce=7)
    bench.close()
    requests = bench.store().requests(bench.rows, retention=timedelta(minutes=1))
    assert requests.claim(signing_scope("r1"), CONTENT, 2, 8) == Claim(1, replayed=True, nonce=7)
    bench.clock.pass_time(max(retention, DAY))
    requests = bench.store().requests(bench.rows, retention=retention)
    assert requests.claim(signing_scope("r1"), CONTENT, 2, 9) == Claim(2, replayed=False, nonce=9)
    assert requests.claim(signing_scope("r1"), CONTENT, 3) == Claim(2, replayed=True, nonce=9)


def test_s33_claims_with_a_nonce_count_for_as_long_as_they_are_kept(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows, retention=DAY, quota=4)
    for number in range(2):
        requests.claim(signing_scope(f"n{number}"), CONTENT, 1, 7 + number)
        claim(requests, signing_scope(f"p{number}"), CONTENT, 1)
    for store in range(2):
        with pytest.raises(RequestIdQuota) as refused:
            claim(requests, signing_scope("r1"), CONTENT, 1)
        assert timedelta(seconds=refused.value.retry_after or 0) <= DAY * 98 / 96
        if not store:
            bench.close()
            requests = bench.store().requests(bench.rows, retention=DAY, quota=4)
    bench.clock.pass_time(timedelta(seconds=refused.value.retry_after or 0))
    for number in range(2):
        claim(requests, signing_scope(f"q{number}"), CONTENT, 1)
    with pytest.raises(RequestIdQuota):
        claim(requests, signing_scope("r1"), CONTENT, 1)
    bench.clock.pass_time(2.1 * DAY)
    for number in range(4):
        claim(requests, signing_scope(f"s{number}"), CONTENT, 1)


def test_time_goes_on_from_the_newest_claim_and_not_from_how_long_it_is_kept(bench: Bench) -> None:
    requests = bench.store().requests(bench.rows, retention=DAY)
    requests.claim(signing_scope("n"), CONTENT, 1, 7)
    bench.close()
    requests = bench.store().requests(bench.rows, retention=DAY)
    claim(requests, signing_scope("p"), CONTENT, 1)
    bench.clock.pass_time(DAY - timedelta(seconds=1))
    assert claim(requests, signing_scope("p"), CONTENT, 2) == 1
    bench.clock.pass_time(timedelta(seconds=1))
    assert claim(requests, signing_scope("p"), CONTENT, 3) == 3


def test_racing_claims_resolve_to_one_nonce(bench: Bench) -> None:
    ledgers = [bench.store().requests(bench.rows) for _ in range(4)]
    start = threading.Barrier(8)

    def race(number: int) -> Claim:
        start.wait(10)
        return ledgers[number % 4].claim(signing_scope("r1"), CONTENT, 1, 1 + number)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(race, range(8)))
    assert len({outcome.nonce for outcome in outcomes}) == 1
    assert sorted(outcome.replayed for outcome in outcomes) == [False] + [True] * 7


def test_s33_only_a_claim_with_a_nonce_waits_for_the_disk(bench: Bench) -> None:
    store = bench.store()
    requests, used = store.requests(bench.rows), []
    event.listen(store._backend.firm, "checkout", lambda *_: used.append("firm"))
    claim(requests, signing_scope("plain"), CONTENT, 1)
    assert used == []
    requests.claim(signing_scope("numbered"), CONTENT, 1, 7)
    assert used == ["firm"]
    one_file = store._backend.one_writer
    question = "PRAGMA synchronous" if one_file else "SHOW synchronous_commit"
    with store._backend.firm.connect() as connection:
        said = connection.exec_driver_sql(question).scalar()
    assert said in {"on", 2}


FORGERIES = (
    "nonce = nonce + 1",
    "version = 2",
    "content = (SELECT content FROM requests WHERE nonce IS NULL)",
    "claim_time = claim_time + 1",
    "claim_time = 1",  # long over, as it were
    "identity = 'cn:other'",
    "previous = 1",
    "mac = (SELECT mac FROM requests WHERE nonce IS NULL)",
    "mac = NULL",
    "nonce = NULL",
    "nonce = NULL, mac = NULL",
    "nonce = NULL, mac = NULL, content = (SELECT content FROM requests WHERE nonce IS NULL)",
)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_s17_a_claim_that_somebody_else_wrote_gives_no_nonce(bench: Bench, forgery: str) -> None:
    store, other = bench.store(), b"d" * 32
    requests, scope = store.requests(bench.rows), signing_scope("r1")
    requests.claim(scope, CONTENT, 1, 7)
    requests.claim(signing_scope("r2"), other, 1)
    change(store, f"UPDATE requests SET {forgery} WHERE nonce = 7")  # noqa: S608
    for content in (CONTENT, other):
        with pytest.raises((EnvelopeCorrupt, RequestIdReused)):
            requests.claim(scope, content, 1, 8)
    if "nonce = NULL, mac" not in forgery:
        for content in (CONTENT, other):
            with pytest.raises(EnvelopeCorrupt):
                requests.find(scope, content)


def test_s17_a_claim_without_a_nonce_is_checked_as_well(bench: Bench) -> None:
    store, scope = bench.store(), signing_scope("r1")
    requests = store.requests(bench.rows, quota=1)
    claim(requests, scope, CONTENT, 1)
    change(store, "UPDATE requests SET version = 2")
    with pytest.raises(EnvelopeCorrupt):
        claim(requests, scope, CONTENT, 1)


def test_a_claim_of_an_older_release_counts(bench: Bench) -> None:
    store, scope = bench.store(), signing_scope("r1")
    requests = store.requests(bench.rows)
    claim(requests, scope, CONTENT, 1)
    change(store, "UPDATE requests SET mac = NULL")
    assert requests.claim(scope, CONTENT, 2) == Claim(1, replayed=True)
    assert requests.find(scope, CONTENT) == Claim(1, replayed=True)


@pytest.mark.parametrize("most", [1, 2, 500])
def test_s22_claims_go_to_another_kek(
    bench: Bench, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_MOST", most)
    store = bench.store()
    requests = store.requests(bench.rows)
    for number in range(3):
        requests.claim(signing_scope(f"r{number}"), CONTENT, 1, 7 + number)
    claim(requests, signing_scope("plain"), CONTENT, 1)
    claim(requests, signing_scope("old"), CONTENT, 1)
    old = scope_digest(signing_scope("old"))
    change(store, "UPDATE requests SET mac = NULL WHERE scope = :old", old=old)
    change(store, "UPDATE requests SET nonce = 1 WHERE nonce = 9")
    for _ in range(2):
        left = [name for each in moved(bench, store) for name in each.left]
        assert left == [f"request {scope_digest(signing_scope('r2')).hex()}"]
    requests = store.requests(NEW)
    for number in range(2):
        first = Claim(1, replayed=True, nonce=7 + number)
        assert requests.claim(signing_scope(f"r{number}"), CONTENT, 2, 20) == first
    assert claim(requests, signing_scope("plain"), CONTENT, 2) == 1
    assert claim(requests, signing_scope("old"), CONTENT, 2) == 1
    with pytest.raises(EnvelopeCorrupt):
        requests.claim(signing_scope("r2"), CONTENT, 2, 20)
