"""Who may freeze keys, and who may let them sign again."""

from __future__ import annotations

import dataclasses

import pytest
from signward_server.core.errors import KeyNotFound, PolicyDenied, PolicyError
from signward_server.core.keys import Freeze
from signward_server.flows.key_requests import KeyFilter

from tests.fakes.spine.judges import Judgement
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


def test_s39_a_key_that_one_may_not_see_is_no_key(world: World) -> None:
    world.key(labels={"desk": "a"})
    world.policy.denied.add("ViewKey")
    for key_id in ("bot-key", "missing"):
        for mode in (NONE, ALL):
            with pytest.raises(KeyNotFound):
                put(world, key_id, mode)
    assert put(world, DESK_A, ALL) == []
    assert modes(world) == {"bot-key": NONE}
    actions = {judgement.action for judgement in world.policy.judged}
    assert actions == {"ViewKey"}  # asked first, and nothing after it


@MODES
@pytest.mark.parametrize("error", [PolicyDenied, PolicyError])
def test_s39_one_visible_key_that_one_may_not_change_stops_all(
    desks: World, mode: Freeze, error: type[Exception]
) -> None:
    start = ALL if mode is NONE else NONE
    for key in desks.catalogue.page("", 100):
        desks.catalogue.put(dataclasses.replace(key, freeze=start))
    before = [desks.catalogue.get(name) for name in modes(desks)]
    visible = desks.policy.rule

    def rule(judgement: Judgement) -> bool:
        if judgement.action in {"FreezeKey", "UnfreezeKey"} and judgement.key is not None:
            if judgement.key.id == "a-2":
                raise error
            return True
        return visible(judgement)

    desks.policy.rule = rule
    with pytest.raises(error):
        put(desks, DESK_A, mode)
    assert [desks.catalogue.get(name) for name in modes(desks)] == before
    assert desks.custody.forgotten == []
    (outcome,) = desks.audit.outcomes
    assert outcome == error.reason  # type: ignore[attr-defined]


@pytest.mark.parametrize("target", ["a-1", DESK_A])
@pytest.mark.parametrize(("mode", "action"), [(NONE, "UnfreezeKey"), (ALL, "FreezeKey")])
def test_freezing_and_unfreezing_are_rights_of_their_own(
    desks: World, target: str | KeyFilter, mode: Freeze, action: str
) -> None:
    desks.policy.denied.add(action)
    with pytest.raises(PolicyDenied):
        put(desks, target, mode)
    other = ALL if mode is NONE else NONE
    assert put(desks, "a-1", other) == ["a-1"]


@pytest.mark.parametrize("target", ["a-1", DESK_A])
def test_who_may_only_freeze_cannot_loosen_a_freeze(desks: World, target: str | KeyFilter) -> None:
    desks.policy.denied.add("UnfreezeKey")
    assert put(desks, target, CANCEL_ONLY)
    assert put(desks, target, ALL)
    with pytest.raises(PolicyDenied):
        put(desks, target, CANCEL_ONLY)
    assert modes(desks)["a-1"] is ALL
    desks.policy.denied.clear()
    assert put(desks, target, CANCEL_ONLY)
    assert modes(desks)["a-1"] is CANCEL_ONLY
