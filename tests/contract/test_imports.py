"""What every store of imports must do (S23)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.errors import (
    ImportQuota,
    RequestIdReused,
    SignwardError,
    StoreUnavailable,
)
from signward_server.core.imports import IMPORT_LIFETIME, OpenImport, WrappingKey
from signward_server.core.ports import Imports, RequestScope

from tests.contract.stores import STORES, Bench

BOT = "cn:bot"
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture(params=sorted(STORES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = STORES[request.param](tmp_path)
    yield bench
    bench.close()


def new(bench: Bench, name: str, identity: str = BOT, content: bytes = b"c" * 32) -> OpenImport:
    return OpenImport(
        id=f"im_{name}",
        identity=identity,
        content=content,
        wrapping=WrappingKey(name.encode().ljust(32), f"sealed {name}".encode()),
        expire_time=bench.clock.now() + IMPORT_LIFETIME,
    )


def scope(request_id: str = "r1", identity: str = BOT) -> RequestScope:
    method = "/signward.v1.KeyService/CreateImportParameters"
    return RequestScope(identity, method, "hot", request_id)


def test_s23_an_import_is_taken_once_also_after_a_restart(bench: Bench) -> None:
    one, two = new(bench, "one"), new(bench, "two")
    imports = bench.store().imports(bench.clock)
    assert imports.add(one, None) == one
    assert imports.add(two, None) == two
    assert imports.find("im_one", BOT) == imports.take("im_one", BOT) == one
    assert imports.take("im_one", BOT) is None
    bench.close()
    imports = bench.store().imports(bench.clock)
    assert imports.find("im_one", BOT) is None
    assert imports.take("im_two", BOT) == two
    assert imports.take("im_two", BOT) is None


def test_s23_of_many_that_take_it_one_gets_it(bench: Bench) -> None:
    stores = [bench.store().imports(bench.clock) for _ in range(2)]
    for number in range(20):
        stores[0].add(new(bench, str(number)), None)
        with ThreadPoolExecutor(4) as pool:
            taken = list(pool.map(lambda n: stores[n % 2].take(f"im_{number}", BOT), range(4)))  # noqa: B023
        assert sum(each is not None for each in taken) == 1


def test_s23_it_is_nobody_elses(bench: Bench) -> None:
    imports = bench.store().imports(bench.clock)
    imports.add(new(bench, "one"), None)
    assert imports.find("im_one", "cn:other") is None
    assert imports.take("im_one", "cn:other") is None
    assert imports.take("im_one", BOT) is not None


def test_s23_it_ends_after_ten_minutes_for_good(bench: Bench) -> None:
    imports = bench.store().imports(bench.clock)
    imports.add(new(bench, "one"), None)
    bench.clock.pass_time(IMPORT_LIFETIME - MICROSECOND)
    assert imports.find("im_one", BOT) is not None
    bench.clock.pass_time(MICROSECOND)
    assert imports.find("im_one", BOT) is None
    bench.clock.wall -= timedelta(hours=1)
    assert imports.take("im_one", BOT) is None


def test_what_has_ended_is_purged(bench: Bench) -> None:
    imports = bench.store().imports(bench.clock)
    assert imports.purge() is None
    imports.add(new(bench, "one"), None)
    bench.clock.pass_time(timedelta(minutes=4))
    imports.add(new(bench, "two"), None)
    assert imports.purge() == pytest.approx(360)
    bench.clock.pass_time(timedelta(minutes=6))
    assert imports.purge() == pytest.approx(240)
    bench.clock.wall -= timedelta(minutes=10)
    assert imports.find("im_one", BOT) is None
    assert imports.find("im_two", BOT) is not None


def test_s33_a_retry_gets_the_same_import_while_it_is_there(bench: Bench) -> None:
    imports = bench.store().imports(bench.clock, most=1)
    one = new(bench, "one")
    assert imports.add(one, scope()) == one
    assert imports.add(new(bench, "two"), scope()) == one
    with pytest.raises(RequestIdReused):
        imports.add(new(bench, "two", content=b"d" * 32), scope())
    assert imports.take("im_one", BOT) == one
    two = new(bench, "two")
    assert imports.add(two, scope()) == two
    bench.clock.pass_time(IMPORT_LIFETIME)
    three = new(bench, "three")
    assert imports.add(three, scope()) == three


def test_s33_retries_at_once_get_the_same_import(bench: Bench) -> None:
    stores: list[Imports] = [bench.store().imports(bench.clock) for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: stores[n % 2].add(new(bench, str(n)), scope()), range(8)))
    assert len({each.id for each in made}) == 1


def test_an_identity_has_a_quota_of_its_own(bench: Bench) -> None:
    imports = bench.store().imports(bench.clock, most=2)
    imports.add(new(bench, "one"), None)
    bench.clock.pass_time(timedelta(minutes=4))
    imports.add(new(bench, "two"), scope())
    with pytest.raises(ImportQuota) as raised:
        imports.add(new(bench, "three"), None)
    assert raised.value.retry_after == pytest.approx(360)
    assert imports.add(new(bench, "again"), scope()).id == "im_two"
    assert imports.add(new(bench, "theirs", identity="cn:other"), None)
    bench.clock.pass_time(timedelta(minutes=6))
    assert imports.add(new(bench, "three"), None)


def test_a_closed_store_takes_nothing(bench: Bench) -> None:
    imports = bench.store().imports(bench.clock)
    bench.close()
    calls = (
        lambda: imports.add(new(bench, "one"), None),
        lambda: imports.find("im_one", BOT),
        lambda: imports.take("im_one", BOT),
        imports.purge,
    )
    for call in calls:
        with pytest.raises(StoreUnavailable):
            call()


def test_a_name_that_is_taken_is_an_error_and_replaces_nothing(bench: Bench) -> None:
    imports = bench.store().imports(bench.clock)
    imports.add(new(bench, "one"), None)
    with pytest.raises(SignwardError):
        imports.add(new(bench, "one", identity="cn:other"), None)
    assert imports.take("im_one", BOT) is not None
