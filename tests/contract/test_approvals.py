"""What every store of approvals must do (S15, S17)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Approval
from signward_server.store.approvals import StoredApprovals
from sqlalchemy import text

from tests.contract.stores import STORES, Bench
from tests.fakes.row_authenticator import HmacRows

BOT, OPS, BOSS = "cn:bot", "cn:ops", "cn:boss"
DIGEST, OTHER = b"d" * 32, b"e" * 32
USE = b"u" * 32
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture(params=sorted(STORES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = STORES[request.param](tmp_path)
    yield bench
    bench.close()


def approvals_of(bench: Bench) -> StoredApprovals:
    return bench.store().approvals(bench.rows, bench.clock)


def approval(bench: Bench, digest: bytes = DIGEST, approver: str = OPS) -> Approval:
    return Approval(digest, approver, bench.clock.now() + timedelta(minutes=10))


def rows(bench: Bench) -> list[tuple[bytes, str]]:
    with bench.opened[-1]._swift.connect() as connection:
        found = connection.execute(text("SELECT digest, approver FROM approvals ORDER BY digest"))
        return [(bytes(digest), approver) for digest, approver in found]


def change(bench: Bench, statement: str, **values: object) -> None:
    with bench.opened[-1]._durable.begin() as connection:
        connection.execute(text(statement), values)


def test_s15_an_approval_is_used_once_also_after_a_restart(bench: Bench) -> None:
    given = approval(bench)
    approvals_of(bench).give(given)
    bench.close()
    approvals = approvals_of(bench)
    assert approvals.find(DIGEST, BOT) == given
    assert approvals.find(OTHER, BOT) is None
    assert approvals.use(given)
    bench.close()
    approvals = approvals_of(bench)
    assert approvals.find(DIGEST, BOT) is None
    assert not approvals.use(given)
    assert rows(bench) == []


def test_s15_of_many_that_use_it_one_does(bench: Bench) -> None:
    stores = [approvals_of(bench) for _ in range(2)]
    for _ in range(20):
        given = approval(bench)
        stores[0].give(given)
        with ThreadPoolExecutor(4) as pool:
            used = list(pool.map(lambda n: stores[n % 2].use(given), range(4)))  # noqa: B023
        assert sum(used) == 1
        bench.clock.pass_time(timedelta(seconds=1))


def test_s15_of_many_for_one_request_each_does(bench: Bench) -> None:
    stores = [approvals_of(bench) for _ in range(2)]
    given = approval(bench)
    stores[0].give(given)
    with ThreadPoolExecutor(4) as pool:
        used = list(pool.map(lambda n: stores[n % 2].use(given, USE), range(4)))
    assert used == [True] * 4
    assert not stores[0].use(given, OTHER)
    assert not stores[0].use(given)


def test_s15_nobody_finds_their_own(bench: Bench) -> None:
    approvals = approvals_of(bench)
    approvals.give(approval(bench, approver=BOT))
    assert approvals.find(DIGEST, BOT) is None
    assert approvals.find(DIGEST, OPS) is not None


def test_s15_it_ends_and_is_not_used_after_that(bench: Bench) -> None:
    approvals = approvals_of(bench)
    given = approval(bench)
    approvals.give(given)
    bench.clock.pass_time(timedelta(minutes=10) - MICROSECOND)
    assert approvals.find(DIGEST, BOT) == given
    bench.clock.pass_time(MICROSECOND)
    assert approvals.find(DIGEST, BOT) is None
    assert not approvals.use(given)
    approvals.give(approval(bench, OTHER))
    assert rows(bench) == [(OTHER, OPS)]


def test_a_later_approval_takes_the_place_of_an_earlier_one(bench: Bench) -> None:
    approvals = approvals_of(bench)
    first = approval(bench)
    approvals.give(first)
    second = approval(bench, approver=BOSS)
    approvals.give(second)
    assert approvals.find(DIGEST, BOT) == second
    assert not approvals.use(first)
    assert approvals.use(second)


def test_one_that_is_withdrawn_is_gone(bench: Bench) -> None:
    approvals = approvals_of(bench)
    given = approval(bench)
    approvals.give(given)
    approvals.withdraw(given)
    assert approvals.find(DIGEST, BOT) is None
    approvals.withdraw(given)


def test_s33_it_is_remembered_what_one_was_used_for(bench: Bench) -> None:
    given = approval(bench)
    approvals = approvals_of(bench)
    approvals.give(given)
    assert approvals.used_for(USE, BOT) is None
    assert approvals.use(given, USE)
    bench.close()
    approvals = approvals_of(bench)
    found = approvals.used_for(USE, BOT)
    assert found is not None
    assert found.approver == OPS
    assert approvals.used_for(USE, OPS) is None
    assert approvals.used_for(OTHER, BOT) is None
    assert approvals.find(USE, BOT) is None  # it is no approval
    assert not approvals.use(found)
    bench.clock.pass_time(timedelta(days=3))
    assert approvals.used_for(USE, BOT) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE approvals SET approver = 'cn:boss'",
        "UPDATE approvals SET expire_time = expire_time + 1",
        "UPDATE approvals SET digest = :other",
        "UPDATE approvals SET mac = :other",
    ],
)
def test_s17_a_row_that_was_changed_is_no_approval(bench: Bench, statement: str) -> None:
    approvals = approvals_of(bench)
    given = approval(bench)
    approvals.give(given)
    values = {"other": OTHER} if ":other" in statement else {}
    change(bench, statement, **values)
    for digest in (DIGEST, OTHER):
        assert approvals.find(digest, BOT) is None
    if "mac" in statement:
        assert not approvals.use(given)


def test_s17_what_one_was_used_for_is_authentic_as_well(bench: Bench) -> None:
    approvals = approvals_of(bench)
    given = approval(bench)
    approvals.give(given)
    change(bench, "UPDATE approvals SET digest = :use", use=USE)
    assert approvals.used_for(USE, BOT) is None
    approvals.give(given)
    approvals.use(given, OTHER)
    change(
        bench, "UPDATE approvals SET digest = :digest WHERE digest = :use", digest=DIGEST, use=OTHER
    )
    assert approvals.find(DIGEST, BOT) is None


def test_s17_another_key_for_rows_makes_none_of_them_count(bench: Bench) -> None:
    approvals_of(bench).give(approval(bench))
    other = bench.store().approvals(HmacRows(b"another key"), bench.clock)
    assert other.find(DIGEST, BOT) is None


def test_s41_an_adopted_home_has_no_approvals(bench: Bench) -> None:
    approvals = approvals_of(bench)
    approvals.give(approval(bench))
    bench.opened[-1].homes().adopt("home", 3, bench.clock.now())
    assert approvals.find(DIGEST, BOT) is None
    assert rows(bench) == []


def test_s22_approvals_end_with_their_key_encryption_key(bench: Bench) -> None:
    approvals = approvals_of(bench)
    approvals.give(approval(bench))
    bench.opened[-1].rekeying().begin(b"o" * 16, b"n" * 16, b"digest key")
    assert approvals.find(DIGEST, BOT) is None


def test_a_closed_store_has_none(bench: Bench) -> None:
    approvals = approvals_of(bench)
    given = approval(bench)
    approvals.give(given)
    approvals.close()
    for ask in (
        lambda: approvals.find(DIGEST, BOT),
        lambda: approvals.used_for(USE, BOT),
        lambda: approvals.give(given),
        lambda: approvals.use(given),
    ):
        with pytest.raises(StoreUnavailable):
            ask()


def test_s17_values_of_other_types_are_no_approval(tmp_path: Path) -> None:
    bench = STORES["sqlite"](tmp_path)
    try:
        approvals = approvals_of(bench)
        approvals.give(approval(bench))
        for column, value in (("approver", 7), ("expire_time", "soon"), ("mac", "text")):
            change(bench, f"UPDATE approvals SET {column} = :value", value=value)  # noqa: S608
            assert approvals.find(DIGEST, BOT) is None
    finally:
        bench.close()
