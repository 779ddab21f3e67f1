"""Freezing keys that change meanwhile, or that cannot be changed."""

from __future__ import annotations

import dataclasses

import pytest
from signward_server.core.errors import (
    Cancelled,
    DeadlineExceeded,
    EnvelopeCorrupt,
    EtagMismatch,
    KeyNotFound,
    StoreUnavailable,
)
from signward_server.core.keys import Freeze
from signward_server.flows import freezing

from tests.fakes.spine.world import World
from tests.unit.server.flows.desks import DESK_A, freeze_call, modes, put, two_desks

NONE, ALL = Freeze.NONE, Freeze.ALL


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def desks() -> World:
    return two_desks()


def test_a_freeze_holds_over_changes_in_between(world: World) -> None:
    key = world.key(labels={"desk": "a"})
    left = iter(range(3))

    def change() -> None:
        if next(left, None) is not None:
            world.catalogue.put(dataclasses.replace(key, labels={"desk": "b"}))

    world.catalogue.before_replace = change
    assert put(world, DESK_A, ALL) == [key.id]
    stored = world.catalogue.get(key.id)
    assert stored is not None
    assert (stored.freeze, stored.labels) == (ALL, {"desk": "b"})


def test_what_a_key_has_become_in_between_is_judged(world: World) -> None:
    key = world.key(labels={"desk": "a"})
    world.policy.rule = lambda j: j.key is None or j.key.owner == "cn:bot"
    other = dataclasses.replace(key, owner="cn:other")
    world.catalogue.before_replace = lambda: world.catalogue.put(other) and None
    with pytest.raises(KeyNotFound):
        put(world, DESK_A, ALL)
    assert [(e.key, e.outcome) for e in world.audit.entries] == [
        (key.id, "KEY_NOT_FOUND"),
        ("", "KEY_NOT_FOUND"),
    ]


def test_a_key_that_never_rests_is_given_up_and_said(world: World) -> None:
    key = world.key()
    world.catalogue.before_replace = lambda: world.catalogue.put(key) and None
    with pytest.raises(EtagMismatch):
        put(world, key.id, ALL)
    assert world.audit.outcomes == ["ETAG_MISMATCH"]


def test_a_quarantined_key_cannot_be_frozen(world: World) -> None:
    world.key()
    world.catalogue.corrupt.add("bot-key")
    with pytest.raises(EnvelopeCorrupt):
        put(world, "bot-key", ALL)


def test_nothing_changes_for_a_caller_who_has_gone_or_in_a_store_that_fails(desks: World) -> None:
    before = modes(desks)
    for target in ("a-1", DESK_A):
        with pytest.raises(Cancelled):
            put(desks, target, ALL, freeze_call(end=Cancelled()))
    desks.catalogue.failure = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        put(desks, DESK_A, ALL)
    assert modes(desks) == before
    assert desks.audit.outcomes == ["CANCELLED", "CANCELLED", "STORE_UNAVAILABLE"]


def test_what_was_frozen_before_the_time_was_up_stays_so_and_is_recorded(
    desks: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezing, "_SLICE", 1)
    call = freeze_call(lives=2, end=DeadlineExceeded())  # one to look, one to change
    with pytest.raises(DeadlineExceeded):
        put(desks, DESK_A, ALL, call)
    assert (modes(desks)["a-1"], modes(desks)["a-2"]) == (ALL, NONE)
    assert [(e.key, e.outcome) for e in desks.audit.entries] == [
        ("a-1", "OK"),
        ("", "DEADLINE_EXCEEDED"),
    ]
    assert put(desks, DESK_A, ALL) == ["a-1", "a-2"]
