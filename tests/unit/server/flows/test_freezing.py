"""Freezing keys, and letting them sign again: which ones, and what becomes of them."""

from __future__ import annotations

import dataclasses

import pytest
from signward_server.core.keys import Freeze, KeyState
from signward_server.flows.key_requests import KeyFilter

from tests.fakes.spine.world import World
from tests.unit.server.flows.desks import DESK_A, modes, put, two_desks

NONE, CANCEL_ONLY, ALL = Freeze.NONE, Freeze.CANCEL_ONLY, Freeze.ALL
MODES = pytest.mark.parametrize("mode", [NONE, CANCEL_ONLY, ALL])


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def desks() -> World:
    return two_desks()


@MODES
@pytest.mark.parametrize("before", [NONE, CANCEL_ONLY, ALL])
def test_a_key_is_put_into_a_mode_whatever_it_was_in(
    world: World, before: Freeze, mode: Freeze
) -> None:
    key = world.key(freeze=before, labels={"desk": "a"}, state=KeyState.DISABLED)
    assert put(world, key.id, mode) == [key.id]
    stored = world.catalogue.get(key.id)
    assert stored == dataclasses.replace(
        key, freeze=mode, revision=key.revision + (before is not mode)
    )
    assert world.custody.forgotten == ([key.id] if mode is ALL else [])
    (entry,) = world.audit.entries
    action = "UnfreezeKey" if mode is NONE else "FreezeKey"
    assert (entry.action, entry.key, entry.outcome, entry.note) == (action, key.id, "OK", "why")


@MODES
def test_labels_choose_what_the_caller_may_see_and_nothing_else(desks: World, mode: Freeze) -> None:
    start = CANCEL_ONLY if mode is NONE else NONE
    for key in desks.catalogue.page("", 100):
        desks.catalogue.put(dataclasses.replace(key, freeze=start))
    assert put(desks, DESK_A, mode) == ["a-1", "a-2"]
    assert modes(desks) == {"a-1": mode, "a-2": mode, "a-hidden": start, "b-1": start}
    assert desks.custody.forgotten == (["a-1", "a-2"] if mode is ALL else [])
    action = "UnfreezeKey" if mode is NONE else "FreezeKey"
    assert [(e.action, e.key, e.outcome, e.note) for e in desks.audit.entries] == [
        (action, key_id, "OK", "why") for key_id in ("a-1", "a-2", "")
    ]


def test_every_label_must_match(desks: World) -> None:
    wanted = KeyFilter(labels={"desk": "a", "app": "maker"})
    assert put(desks, wanted, ALL) == ["a-2"]
    assert put(desks, KeyFilter(labels={"desk": "a", "app": "taker"}), ALL) == []


def test_labels_that_no_key_has_are_fine_and_recorded(desks: World) -> None:
    before = modes(desks)
    assert put(desks, KeyFilter(labels={"desk": "z"}), ALL) == []
    assert modes(desks) == before
    assert desks.audit.outcomes == ["OK"]


def test_a_key_that_is_so_already_is_named_left_and_wiped_again(desks: World) -> None:
    key = desks.catalogue.get("a-1")
    assert key is not None
    frozen = desks.catalogue.put(dataclasses.replace(key, freeze=ALL))
    assert put(desks, DESK_A, ALL) == ["a-1", "a-2"]
    assert desks.catalogue.get("a-1") is frozen
    assert desks.custody.forgotten == ["a-1", "a-2"]


def test_more_keys_than_one_look_holds_are_all_found(world: World) -> None:
    for number in range(1100):
        world.key(f"k{number:04}", labels={"desk": "ab"[number % 2]})
    assert put(world, DESK_A, CANCEL_ONLY) == [f"k{number:04}" for number in range(0, 1100, 2)]
    found = [key.freeze for key in world.catalogue.page("", 2000)]
    assert found.count(CANCEL_ONLY) == 550
    assert max(world.catalogue.pages[:3]) == 500
