from __future__ import annotations

import threading
import time

import pytest
from signward_server.core.errors import (
    Cancelled,
    EnvelopeCorrupt,
    EtagMismatch,
    KeyNotFound,
    KeyVersionDestroyed,
    KeyVersionNotFound,
    PolicyDenied,
)
from signward_server.core.keys import CustodyKind, Key, KeyState, Purpose, VersionState
from signward_server.core.ports import Call
from signward_server.flows.key_reading import KeyPage, Place
from signward_server.flows.key_requests import KeyFilter

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.world import World


@pytest.fixture
def world() -> World:
    return World()


def _all_pages(world: World, wanted: KeyFilter, size: int) -> list[KeyPage]:
    pages: list[KeyPage] = []
    place: Place | None = Place()
    while place is not None:
        assert len(pages) < 100, "the list does not end"
        page = world.reading.page(FakeCall(), wanted, place, size)
        pages.append(page)
        place = page.following
    return pages


def _ids(keys: tuple[Key, ...]) -> list[str]:
    return [key.id for key in keys]


def test_lists_take_turns(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(120):
        world.key(f"key-{number:03}")
    deciding: set[int] = set()
    together: list[int] = []
    authorize = world.policy.authorize

    def slowly(call: Call, action: str, key: Key | None) -> None:
        if key is None:  # whether one may list is decided out of turn
            authorize(call, action, key)
            return
        deciding.add(threading.get_ident())
        together.append(len(deciding))
        time.sleep(0.0001)
        authorize(call, action, key)
        deciding.discard(threading.get_ident())

    def lists() -> None:
        shown.append(len(world.reading.page(FakeCall(), KeyFilter(), Place(), 500).keys))

    shown: list[int] = []
    threads = [threading.Thread(target=lists) for _ in range(4)]
    monkeypatch.setattr(world.policy, "authorize", slowly)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shown == [120] * 4
    assert set(together) == {1}


def test_a_key_is_read_whatever_its_state(world: World) -> None:
    key = world.key(state=KeyState.DISABLED)
    assert world.reading.get(FakeCall(), "bot-key") is key


def test_s39_a_hidden_key_is_as_one_that_does_not_exist(world: World) -> None:
    world.key("hidden")
    world.policy.denied.add("ViewKey")
    for key_id in ("hidden", "missing"):
        with pytest.raises(KeyNotFound):
            world.reading.get(FakeCall(), key_id)
        with pytest.raises(KeyNotFound):
            world.reading.public_key(FakeCall(), key_id, 0)


def test_a_key_that_one_may_know_of_is_not_yet_one_that_one_may_read(world: World) -> None:
    key = world.key()
    world.policy.denied.update({"GetKey", "GetPublicKey"})
    with pytest.raises(PolicyDenied):
        world.reading.get(FakeCall(), key.id)
    with pytest.raises(PolicyDenied):
        world.reading.public_key(FakeCall(), key.id, 7)


def test_a_corrupt_key_says_so(world: World) -> None:
    world.catalogue.corrupt.add("bot-key")
    with pytest.raises(EnvelopeCorrupt):
        world.reading.get(FakeCall(), "bot-key")


def test_public_keys_of_all_but_destroyed_versions_are_told(world: World) -> None:
    states = (VersionState.DESTROYED, VersionState.RETIRED, VersionState.PRIMARY)
    key = world.key(versions=states)
    for number, wanted in ((0, 3), (2, 2), (3, 3)):
        assert world.reading.public_key(FakeCall(), key.id, number)[1].version == wanted
    with pytest.raises(KeyVersionDestroyed):
        world.reading.public_key(FakeCall(), key.id, 1)
    with pytest.raises(KeyVersionNotFound):
        world.reading.public_key(FakeCall(), key.id, 4)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 500])
def test_pages_hold_every_key_once_in_order(world: World, size: int) -> None:
    names = [f"key-{number}" for number in range(7)]
    for name in reversed(names):
        world.key(name)
    pages = _all_pages(world, KeyFilter(), size)
    assert [name for page in pages for name in _ids(page.keys)] == names
    assert all(len(page.keys) == size for page in pages[:-1])
    assert len(pages) == -(-7 // size)


def test_an_empty_list_is_one_empty_page(world: World) -> None:
    assert _all_pages(world, KeyFilter(), 10) == [KeyPage((), None)]


def test_pages_go_on_behind_many_keys_that_do_not_match(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signward_server.flows.key_reading._SCAN", 3)
    for number in range(20):
        world.key(f"key-{number:02}", owner="cn:bot" if number in (7, 19) else "cn:other")
    pages = _all_pages(world, KeyFilter(owner="cn:bot"), 1)
    assert [_ids(page.keys) for page in pages] == [["key-07"], ["key-19"]]
    assert set(world.catalogue.pages) == {3}


def test_a_list_shows_only_what_the_policy_shows(world: World) -> None:
    for name, owner in (("a", "cn:bot"), ("b", "cn:other"), ("c", "cn:bot")):
        world.key(name, owner=owner)
    world.policy.rule = lambda j: j.key is None or j.key.owner == str(j.identity)
    page = world.reading.page(FakeCall(), KeyFilter(), Place(), 10)
    assert _ids(page.keys) == ["a", "c"]


def test_a_long_list_ends_with_its_caller(world: World) -> None:
    with pytest.raises(Cancelled):
        world.reading.page(FakeCall(end=Cancelled()), KeyFilter(), Place(), 10)


def test_a_caller_who_may_not_list_scans_nothing(world: World) -> None:
    world.policy.denied.add("ListKeys")
    with pytest.raises(PolicyDenied):
        world.reading.page(FakeCall(), KeyFilter(), Place(), 10)
    assert world.catalogue.pages == []


def _many(world: World, count: int, *shown: int) -> None:
    """Store keys that are hidden, but for those of these numbers."""
    for number in range(count):
        world.key(f"key-{number:05}")
    names = {f"key-{number:05}" for number in shown}
    world.policy.rule = lambda j: j.key is None or j.key.id in names


def _shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page end after four keys that it may not show."""
    monkeypatch.setattr("signward_server.flows.key_reading._SCAN", 2)
    monkeypatch.setattr("signward_server.flows.key_reading._LOOKS", 160)


def test_a_page_ends_after_250_keys_that_it_may_not_show(world: World) -> None:
    _many(world, 600, 10, 590)
    pages, decisions = [], []
    place: Place | None = Place()
    while place is not None:
        world.policy.judged.clear()
        call = FakeCall()
        page = world.reading.page(call, KeyFilter(), place, 500)
        pages.append(_ids(page.keys))
        decisions.append(len(world.policy.judged) - 1)
        assert call.checks >= decisions[-1] / 50
        place = page.following
    assert pages == [["key-00010"], [], ["key-00590"]]
    assert decisions[0] in range(251, 302)
    assert decisions[1:] == [250, 600 - 250 - decisions[0]]


def test_keys_that_do_not_match_take_no_decision_and_end_a_page_late(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signward_server.flows.key_reading._LOOKS", 1000)
    _many(world, 2500, 2400)
    world.key("key-02400", owner="cn:other")
    sizes = [len(page.keys) for page in _all_pages(world, KeyFilter(owner="cn:other"), 10)]
    assert sizes == [0, 0, 1]
    assert len([j for j in world.policy.judged if j.key is not None]) == 1


def test_what_is_shown_ends_no_page_early(world: World) -> None:
    _many(world, 500, *range(500))
    assert [len(page.keys) for page in _all_pages(world, KeyFilter(), 500)] == [500]


@pytest.mark.parametrize("size", [1, 3])
def test_no_key_is_lost_where_pages_end_early(
    world: World, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    _shorten(monkeypatch)
    visible = (0, 1, 2, 9, 14, 15, 22)
    _many(world, 23, *visible)
    pages = _all_pages(world, KeyFilter(), size)
    names = [name for page in pages for name in _ids(page.keys)]
    assert names == [f"key-{number:05}" for number in visible]
    assert all(len(page.keys) <= size for page in pages)


def test_s39_no_place_names_a_key_that_was_not_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _shorten(monkeypatch)
    _many(world, 23, 0, 5, 6, 20)
    for size in (1, 2, 500):
        shown = {""}
        for page in _all_pages(world, KeyFilter(), size):
            shown.update(_ids(page.keys))
            assert page.following is None or page.following.after in shown


def test_s39_a_full_page_does_not_tell_how_many_are_hidden_behind_it(world: World) -> None:
    _many(world, 30, 3, 20)
    page = world.reading.page(FakeCall(), KeyFilter(), Place(), 1)
    assert page.following == Place("key-00003")


def test_keys_that_come_in_between_pages_make_nobody_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _shorten(monkeypatch)
    _many(world, 10, 1, 8)
    first = world.reading.page(FakeCall(), KeyFilter(), Place(), 10)
    world.key("key-00000a")
    world.key("key-00002a")
    found, place = _ids(first.keys), first.following
    while place is not None:
        page = world.reading.page(FakeCall(), KeyFilter(), place, 10)
        found.extend(_ids(page.keys))
        place = page.following
    assert found == ["key-00001", "key-00008"]


def test_s04_a_long_list_ends_with_its_caller_between_two_scans(world: World) -> None:
    _many(world, 1000)
    with pytest.raises(Cancelled):
        world.reading.page(FakeCall(lives=3, end=Cancelled()), KeyFilter(), Place(), 10)
    assert len(world.policy.judged) == 1 + 150


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (KeyFilter(), "abc"),
        (KeyFilter(labels={"app": "x"}), "ab"),
        (KeyFilter(labels={"app": "x", "env": "prod"}), "b"),
        (KeyFilter(labels={"app": ""}), ""),
        (KeyFilter(owner="cn:other"), "b"),
        (KeyFilter(user_id="u1"), "c"),
        (KeyFilter(purpose=Purpose.ORDER), "c"),
        (KeyFilter(custody=CustodyKind.AWS_KMS), "a"),
        (KeyFilter(custody=CustodyKind.AWS_KMS, purpose=Purpose.ORDER), ""),
    ],
)
def test_every_part_of_a_filter_counts(world: World, wanted: KeyFilter, names: str) -> None:
    world.key("a", labels={"app": "x"}, custody=CustodyKind.AWS_KMS)
    world.key("b", labels={"app": "x", "env": "prod"}, owner="cn:other")
    world.key("c", purpose=Purpose.ORDER, user_id="u1")
    assert _ids(world.reading.page(FakeCall(), wanted, Place(), 10).keys) == list(names)


def test_s11_a_page_is_judged_by_one_state_of_the_policies(world: World) -> None:
    """One set shows the first key, the other the second: no page shows both."""
    for name in ("a", "b"):
        world.key(name)
    shown = "a"

    def rule(judgement: Judgement) -> bool:
        nonlocal shown
        allowed = judgement.key is None or judgement.key.id == shown
        if judgement.key is not None and judgement.key.id == "a" and shown == "a":
            shown = "b"
            world.policy.generation = object()
        return allowed

    world.policy.rule = rule
    page = world.reading.page(FakeCall(), KeyFilter(), Place(), 10)
    assert _ids(page.keys) == ["b"]


def test_s11_a_page_that_cannot_be_judged_at_rest_is_refused(world: World) -> None:
    world.key()

    def rule(judgement: Judgement) -> bool:
        world.policy.generation = object()
        return True

    world.policy.rule = rule
    with pytest.raises(EtagMismatch):
        world.reading.page(FakeCall(), KeyFilter(), Place(), 10)
