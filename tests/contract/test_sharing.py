"""What every store must do that several processes serve from (S34)."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.clock import SystemClock
from signward_server.core.errors import (
    EnvelopeCorrupt,
    EtagMismatch,
    RequestIdQuota,
    StoreUnavailable,
)
from signward_server.core.keys import Freeze, Key, KeyState
from signward_server.store import StoreAddress, open_store
from signward_server.store.schema import peers
from sqlalchemy import delete, insert

from tests.contract.stores import PLACES
from tests.fakes.catalogue_keys import catalogue_key, signing_scope
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.spine.agent_register import agent
from tests.fakes.spine.api_keys import api_key
from tests.running.sharing import LEASE, Sharer, sharing
from tests.running.waiting import eventually

CONTENT = b"c" * 32
LONG = timedelta(seconds=4)  # a lease: whatever does not wait for it takes far less than half
Place = Path | StoreAddress


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return PLACES[request.param](tmp_path)


@pytest.fixture
def start(place: Place) -> Iterator[Callable[..., Sharer]]:
    """Starts processes on one store, each with a lease; all end with the test."""
    with ExitStack() as running:
        yield lambda lease=LEASE: running.enter_context(sharing(place, lease))


def frozen(key: Key, freeze: Freeze = Freeze.ALL) -> Key:
    return dataclasses.replace(key, freeze=freeze)


def test_s34_a_change_is_everywhere_when_it_returns(start: Callable[..., Sharer]) -> None:
    ours, theirs, third = start(LONG), start(LONG), start(LONG)
    key = ours.catalogue.insert(catalogue_key("hot"), b"sealed", None, b"")
    assert theirs.catalogue.get("hot") == third.catalogue.get("hot") == key
    assert theirs.forgotten == [], "nothing was unlocked of a key that is new"
    stored = theirs.catalogue.replace(frozen(key), key.revision)
    assert ours.catalogue.get("hot") == third.catalogue.get("hot") == stored
    assert ours.forgotten == theirs.forgotten == third.forgotten == ["hot"]
    [changed] = third.catalogue.replace_unchanged(
        [dataclasses.replace(stored, state=KeyState.DISABLED)]
    )
    assert ours.catalogue.get("hot") == theirs.catalogue.get("hot") == changed
    ours.api_keys.insert(api_key())
    assert theirs.api_keys.find(api_key().digest) == api_key()
    generation = theirs.api_keys.generation
    revoked = ours.api_keys.revoke(api_key().id, SystemClock().now())
    assert theirs.api_keys.get(api_key().id) == revoked
    assert theirs.api_keys.generation > generation
    ours.agents.put(agent())
    assert theirs.agents.get(agent().address) == third.agents.get(agent().address) == agent()
    ended = dataclasses.replace(agent(), end_time=SystemClock().now())
    theirs.agents.put(ended)
    assert ours.agents.get(agent().address) == third.agents.get(agent().address) == ended


@pytest.mark.parametrize(
    "races",
    [200, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(600)])],
)
def test_s34_nobody_signs_after_a_freeze_has_returned(
    start: Callable[[], Sharer], races: int
) -> None:
    ours, theirs = start(), start()
    key = ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
    done = threading.Event()
    returned = [0]  # which freeze is in force, 0 for none
    wrong: list[int] = []

    def sign() -> None:
        while not done.wait(0.001):  # a busy loop would keep the others from their turn
            before = returned[0]
            if theirs.signs("hot") and 0 < before == returned[0]:
                wrong.append(before)

    signing = threading.Thread(target=sign)
    signing.start()
    try:
        for race in range(1, races + 1):
            key = ours.catalogue.replace(frozen(key), key.revision)
            returned[0] = race
            assert not theirs.signs("hot")
            returned[0] = 0
            key = ours.catalogue.replace(frozen(key, Freeze.NONE), key.revision)
        assert eventually(lambda: theirs.signs("hot"))
    finally:
        done.set()
        signing.join(10)
    assert wrong == []


def test_s34_a_process_that_cannot_be_reached_is_waited_for_once_and_as_long_as_its_lease(
    start: Callable[..., Sharer],
) -> None:
    ours, theirs = start(LONG), start(LONG)
    key = ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
    theirs.store._confirming._older = True  # nothing is confirmed there any more
    begun = time.monotonic()
    key = ours.catalogue.replace(frozen(key), key.revision)
    assert LONG.total_seconds() <= time.monotonic() - begun < LONG.total_seconds() + 4
    assert not theirs.lease.held
    begun = time.monotonic()
    key = ours.catalogue.replace(frozen(key, Freeze.NONE), key.revision)
    assert time.monotonic() - begun < LONG.total_seconds() / 2, "it was struck off"
    theirs.store._confirming._older = False
    assert eventually(lambda: theirs.lease.held)
    assert theirs.catalogue.get("hot") == key
    ours.catalogue.replace(frozen(key), key.revision)
    assert not theirs.signs("hot"), "it is waited for again"


@pytest.mark.parametrize("kind", ["key", "API key"])
def test_s34_a_change_that_was_made_already_holds_everywhere_when_that_is_said(
    start: Callable[..., Sharer], kind: str
) -> None:
    """Whoever asks again, or asks another process, waits for the deaf one as well."""
    ours, theirs, deaf = start(LONG), start(LONG), start(LONG)
    key = ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
    ours.api_keys.insert(api_key())
    now = SystemClock().now()

    def change() -> None:
        if kind == "key":
            ours.catalogue.replace(frozen(key), key.revision)
        else:
            ours.api_keys.revoke(api_key().id, now)

    def change_again() -> None:
        if kind == "key":
            theirs.catalogue.settle()
        else:
            theirs.api_keys.revoke(api_key().id, now)

    known = theirs.store._version.known
    deaf.store._confirming._older = True  # nothing is confirmed there any more
    changing = threading.Thread(target=change)
    changing.start()
    try:
        assert eventually(lambda: theirs.store._version.known > known)
        assert deaf.lease.held
        change_again()
        assert not deaf.lease.held
    finally:
        changing.join(10)


def test_s34_a_row_that_somebody_made_up_keeps_nobody_waiting_for_ever(
    start: Callable[[], Sharer],
) -> None:
    ours = start()
    with ours.store._durable.begin() as connection:
        row = {"id": "made-up", "known": 0, "lease": 2**62}
        connection.execute(insert(peers).values(row))
    assert ours.store._peers is not None
    behind, lease = ours.store._peers._those_behind(1)
    assert behind == ["made-up"]
    assert lease == 60, "the longest that a daemon may be given"
    with ours.store._durable.begin() as connection:
        connection.execute(delete(peers).where(peers.c.id == "made-up"))


def test_s34_what_memory_does_not_have_yet_is_not_acknowledged(
    start: Callable[[], Sharer],
) -> None:
    ours = start()
    key = ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
    seen: list[int] = []
    publish = ours.catalogue._memory.publish

    def publish_late(changed: Key) -> None:
        seen.append(ours.store._version.known)
        publish(changed)

    ours.catalogue._memory.publish = publish_late  # type: ignore[method-assign]
    before = ours.store._version.known
    ours.catalogue.replace(frozen(key), key.revision)
    assert seen == [before]
    assert ours.store._version.known == before + 1


def test_s34_a_process_that_ended_is_not_waited_for(place: Place) -> None:
    with sharing(place, LONG) as ours:
        with sharing(place, LONG):
            pass
        begun = time.monotonic()
        ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
        assert time.monotonic() - begun < LONG.total_seconds() / 2


def test_s34_a_process_joins_before_its_lease_begins(place: Place) -> None:
    with sharing(place) as ours:
        late = open_store(place, SystemClock(), shared=True, lease=LEASE)
        theirs = late.catalogue(HmacRows())
        key = ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
        assert theirs.get("hot") is None, "it was loaded before, and has no lease yet"
        late.confirm()
        assert theirs.get("hot") == key
        late.close()


def test_only_what_changed_is_read(start: Callable[..., Sharer]) -> None:
    ours, theirs = start(LONG), start(LONG)
    names = [f"k{number}" for number in range(20)]
    for name in names:
        ours.catalogue.insert(catalogue_key(name), None, None, b"")
    kept = {name: theirs.catalogue.get(name) for name in names}
    changed = kept.pop("k7")
    assert changed is not None
    ours.catalogue.replace(frozen(changed), changed.revision)
    assert theirs.catalogue.get("k7") == ours.catalogue.get("k7") != changed
    assert all(theirs.catalogue.get(name) is key for name, key in kept.items())
    assert theirs.forgotten == ["k7"]
    ordered = sorted(names)
    assert [key.id for key in theirs.catalogue.page("", 100)] == ordered


def test_of_two_processes_that_change_a_key_one_wins(start: Callable[[], Sharer]) -> None:
    sharers = [start(), start()]
    sharers[0].catalogue.insert(catalogue_key("hot"), None, None, b"")
    outcomes: list[Key | EtagMismatch] = []

    def change(each: Sharer, owner: str) -> None:
        for _ in range(20):
            key = each.catalogue.get("hot")
            assert key is not None
            try:
                outcomes.append(
                    each.catalogue.replace(dataclasses.replace(key, owner=owner), key.revision)
                )
            except EtagMismatch as error:
                outcomes.append(error)

    threads = [
        threading.Thread(target=change, args=(each, f"cn:{number}"))
        for number, each in enumerate(sharers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    won = [outcome.revision for outcome in outcomes if isinstance(outcome, Key)]
    assert len(outcomes) == 40
    assert sorted(won) == list(range(2, len(won) + 2)), "each revision was made once"
    last = sharers[0].catalogue.get("hot")
    assert last is not None
    assert last.revision == len(won) + 1
    assert sharers[1].catalogue.get("hot") == last


def test_s33_a_quota_holds_over_processes_within_its_tolerance(place: Place) -> None:
    stores = [open_store(place, SystemClock(), shared=True) for _ in range(3)]
    ledgers = [store.requests(HmacRows(), quota=160) for store in stores]
    taken = 0
    for number in range(600):
        try:
            ledgers[number % 3].claim(signing_scope(f"r{number}"), CONTENT, 1)
            taken += 1
        except RequestIdQuota:
            continue
    assert 160 <= taken <= 160 + 3 * 10
    for store in stores:
        store.close()


def test_s33_of_processes_that_claim_at_once_exactly_one_is_first(place: Place) -> None:
    stores = [open_store(place, SystemClock(), shared=True) for _ in range(3)]
    ledgers = [store.requests(HmacRows()) for store in stores]
    rounds = 100
    barrier = threading.Barrier(3)
    replayed: list[list[bool]] = [[] for _ in range(rounds)]

    def claim(number: int) -> None:
        for at in range(rounds):
            barrier.wait(30)
            found = ledgers[number].claim(signing_scope(f"r{at}"), CONTENT, 1)
            replayed[at].append(found.replayed)

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [sorted(each) for each in replayed] == [[False, True, True]] * rounds
    for store in stores:
        store.close()


def test_one_process_has_the_turn_until_it_ends(place: Place) -> None:
    ours, theirs = (open_store(place, SystemClock(), shared=True) for _ in range(2))
    mine, other = ours.turn(), theirs.turn()
    assert mine.held()
    assert not other.held()
    assert mine.held()
    ours.close()
    assert other.held()
    theirs.close()


def test_a_store_that_is_closed_tells_nothing(place: Place) -> None:
    heard = threading.Event()
    ours, theirs = (open_store(place, SystemClock(), shared=True) for _ in range(2))
    ours.listen(heard.set)
    assert heard.wait(10), "it is told at once that it listens"
    heard.clear()
    catalogue = theirs.catalogue(HmacRows())
    catalogue.insert(catalogue_key("hot"), None, None, b"")
    assert heard.wait(10)
    ours.close()
    heard.clear()
    catalogue.insert(catalogue_key("cold"), None, None, b"")
    assert not heard.wait(0.2)
    theirs.close()
    with pytest.raises(StoreUnavailable):
        ours.confirm()


def test_s17_what_comes_tampered_is_quarantined(start: Callable[[], Sharer]) -> None:
    ours, theirs = start(), start()
    key = ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
    ours.catalogue._authentic._authenticator = HmacRows(b"a thief's key")
    ours.catalogue.replace(frozen(key, Freeze.NONE), key.revision)
    assert theirs.catalogue.quarantined == {"hot"}
    with pytest.raises(EnvelopeCorrupt):
        theirs.catalogue.get("hot")
    assert theirs.forgotten == ["hot"]


def test_s34_an_older_store_stays_refused(start: Callable[[], Sharer]) -> None:
    ours = start()
    ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
    version = ours.store._version
    version.known += 1
    with pytest.raises(StoreUnavailable):
        ours.store.confirm()
    version.known -= 1
    with pytest.raises(StoreUnavailable):
        ours.store.confirm()
    assert eventually(lambda: not ours.lease.held)


def test_s34_without_others_nothing_is_written_or_waited_for(tmp_path: Path) -> None:
    store = open_store(tmp_path / "home" / "signward.db", SystemClock())
    store.listen(lambda: pytest.fail("nobody tells"))
    store.catalogue(HmacRows()).insert(catalogue_key("hot"), None, None, b"")
    store.confirm()
    with store._durable.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM peers").scalar() == 0
    assert not [each for each in threading.enumerate() if each.name == "store-news"]
    store.close()


def test_a_lease_of_another_length_is_waited_for(place: Place) -> None:
    with (
        sharing(place, timedelta(milliseconds=500)) as ours,
        sharing(place, timedelta(seconds=2)) as theirs,
    ):
        theirs.store._confirming._older = True
        begun = time.monotonic()
        ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
        assert time.monotonic() - begun >= 2
        assert not theirs.lease.held
