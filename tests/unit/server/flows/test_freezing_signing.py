"""A frozen key signs nothing, and nothing of it stays in memory (S34)."""

from __future__ import annotations

import pytest
from signward_server.core.errors import AuditUnavailable, KeyFrozen
from signward_server.core.keys import CustodyKind, Freeze
from signward_server.flows.key_requests import KeyFilter

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.world import World, raw
from tests.unit.server.flows.desks import DESK_A, modes, put, two_desks

NONE, CANCEL_ONLY, ALL = Freeze.NONE, Freeze.CANCEL_ONLY, Freeze.ALL


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def desks() -> World:
    return two_desks()


@pytest.mark.parametrize("target", ["a-1", DESK_A])
def test_s34_freezing_wipes_even_if_it_cannot_be_recorded(
    desks: World, target: str | KeyFilter
) -> None:
    desks.audit.losing = True
    with pytest.raises(AuditUnavailable):
        put(desks, target, ALL)
    wiped = ["a-1"] if target == "a-1" else ["a-1", "a-2"]
    assert desks.custody.forgotten == wiped
    assert [modes(desks)[key_id] for key_id in wiped] == [ALL] * len(wiped)


def test_s34_each_key_is_wiped_in_its_custody(world: World) -> None:
    world.key("near", labels={"desk": "a"})
    world.key("far", labels={"desk": "a"}, custody=CustodyKind.AWS_KMS)
    world.key("gone", labels={"desk": "a"})
    put(world, DESK_A, ALL)
    assert world.custody.forgotten == ["gone", "near"]
    assert world.remote.forgotten == ["far"]
    world.custodies.clear()
    assert put(world, "gone", ALL) == ["gone"]


def test_s34_a_frozen_key_does_not_sign_until_it_is_unfrozen(world: World) -> None:
    key = world.key()
    world.signing.sign(FakeCall(), raw())
    for mode in (ALL, CANCEL_ONLY):  # a raw message is no cancellation
        put(world, key.id, mode)
        with pytest.raises(KeyFrozen) as refused:
            world.signing.sign(FakeCall(), raw())
        assert refused.value.metadata == {"freeze": mode.name}
        assert "CANCEL_ONLY still signs what cancels" in refused.value.text
    put(world, key.id, NONE)
    world.signing.sign(FakeCall(), raw())


def test_s11_a_key_that_is_frozen_after_the_decision_does_not_sign(world: World) -> None:
    key = world.key()

    def freeze(judgement: Judgement) -> bool:
        if judgement.action == "SignRaw":
            put(world, key.id, ALL)
        return True

    world.policy.rule = freeze
    with pytest.raises(KeyFrozen):
        world.signing.sign(FakeCall(), raw())
    assert world.custody.asked == []
    assert world.caps.spent == 0


@pytest.mark.parametrize("mode", [CANCEL_ONLY, ALL])
def test_s34_a_key_that_is_frozen_while_it_signs_gives_nothing_and_is_wiped_again(
    world: World, mode: Freeze
) -> None:
    key = world.key()
    world.custody.before_sign = lambda _: put(world, key.id, mode) and None
    with pytest.raises(KeyFrozen):
        world.signing.sign(FakeCall(), raw())
    assert len(world.custody.asked) == 1
    # Once by the freeze, and once more: it may have come before the key was opened.
    assert world.custody.forgotten[-1] == key.id
    assert len(world.custody.forgotten) == (2 if mode is ALL else 1)
