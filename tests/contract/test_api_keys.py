"""What every keeper of API keys must do, whatever it is stored in."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.api_keys import ApiKey
from signward_server.core.errors import ApiKeyExists, SignwardError
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.ports import ApiKeys

from tests.contract.stores import STORES
from tests.fakes.spine.api_keys import CREATED, FakeApiKeys, api_key

LATER = CREATED + timedelta(days=1)
Reopen = Callable[[], ApiKeys]


@pytest.fixture(params=["fake", *sorted(STORES)])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Loads the same keys again, as the next start would."""
    if request.param == "fake":
        fake = FakeApiKeys()
        yield lambda: fake
        return
    bench = STORES[request.param](tmp_path)
    yield lambda: bench.store().api_keys(bench.rows)
    bench.close()


def test_there_are_none_at_first(reopen: Reopen) -> None:
    keys = reopen()
    assert keys.get("ak_aaaaaaaaaaaaaaaa") is None
    assert keys.find(b"d" * 32) is None
    assert keys.page("", 10) == []
    assert keys.revoke("ak_aaaaaaaaaaaaaaaa", LATER) is None


@pytest.mark.parametrize(
    "made",
    [
        api_key(),
        api_key(identity=Identity(IdentityKind.SPIFFE, "//prod.example/bot")),
        api_key(address_ranges=("10.0.0.0/8", "2001:db8::/32"), imported=True),
        api_key(revoke_time=LATER, create_time=CREATED + timedelta(microseconds=1)),
    ],
)
def test_a_key_comes_back_as_it_was(reopen: Reopen, made: ApiKey) -> None:
    reopen().insert(made)
    keys = reopen()
    assert keys.get(made.id) == made == keys.find(made.digest)
    assert keys.page("", 10) == [made]


def test_nothing_but_the_whole_digest_finds_a_key(reopen: Reopen) -> None:
    keys, made = reopen(), api_key()
    keys.insert(made)
    digest = made.digest
    for wrong in (b"", digest[:31], digest + b"\0", digest[::-1], bytes(32)):
        assert keys.find(wrong) is None


@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize("taken", ["id", "digest"])
def test_an_id_and_a_secret_are_taken_once_and_for_good(
    reopen: Reopen, taken: str, revoked: bool
) -> None:
    keys, made = reopen(), api_key()
    keys.insert(made)
    if revoked:
        keys.revoke(made.id, LATER)
        keys = reopen()
    before = keys.get(made.id)
    twin = dataclasses.replace(api_key("b" * 16), **{taken: getattr(made, taken)})
    with pytest.raises(ApiKeyExists):
        keys.insert(twin)
    assert keys.page("", 10) == [before]
    assert keys.find(twin.digest) == (before if taken == "digest" else None)


def test_s13_a_revoked_key_stays_revoked(reopen: Reopen) -> None:
    keys = reopen()
    keys.insert(api_key())
    keys.insert(api_key("b" * 16))
    revoked = keys.revoke(api_key().id, LATER)
    assert revoked == dataclasses.replace(api_key(), revoke_time=LATER)
    for again in (keys, reopen()):
        assert again.find(api_key().digest) == revoked
        assert again.revoke(api_key().id, LATER + timedelta(days=1)) == revoked
        assert again.get(api_key().id) == revoked
        assert again.get(api_key("b" * 16).id) == api_key("b" * 16)


def test_the_generation_rises_with_each_change(reopen: Reopen) -> None:
    keys = reopen()
    seen = [keys.generation]
    keys.insert(api_key())
    seen.append(keys.generation)
    keys.revoke(api_key().id, LATER)
    seen.append(keys.generation)
    assert seen == sorted(set(seen))
    keys.revoke(api_key().id, LATER)
    with pytest.raises(ApiKeyExists):
        keys.insert(api_key())
    assert keys.generation == seen[-1]


def test_pages_are_in_order_of_id_and_limited(reopen: Reopen) -> None:
    keys = reopen()
    names = ["c", "a", "0", "z", "b"]
    for name in names:
        keys.insert(api_key(name * 16))
    ordered = [api_key(name * 16) for name in sorted(names)]
    assert keys.page("", 100) == ordered
    assert keys.page("", 2) == ordered[:2]
    assert keys.page(ordered[1].id, 2) == ordered[2:4]
    assert keys.page("ak_aaab", 2) == ordered[2:4]
    assert keys.page("zz", 5) == keys.page("", 0) == keys.page("", -1) == []
    assert reopen().page("", 100) == ordered


def test_of_racing_twins_exactly_one_is_kept(reopen: Reopen) -> None:
    keys = reopen()
    start = threading.Barrier(8)

    def insert(number: int) -> SignwardError | None:
        start.wait(10)
        twin = dataclasses.replace(api_key(f"{number}" * 16), digest=b"d" * 32)
        try:
            keys.insert(twin)
        except SignwardError as error:
            return error
        return None

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(insert, range(8)))
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, ApiKeyExists) for outcome in outcomes) == 7
    assert keys.page("", 10) == [keys.find(b"d" * 32)]


def test_racing_revocations_agree(reopen: Reopen) -> None:
    keys = reopen()
    keys.insert(api_key())
    start = threading.Barrier(8)

    def revoke(number: int) -> ApiKey | None:
        start.wait(10)
        return keys.revoke(api_key().id, LATER + timedelta(seconds=number))

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(revoke, range(8)))
    assert outcomes == [keys.get(api_key().id)] * 8
    assert outcomes[0] is not None
    assert outcomes[0].revoke_time is not None
