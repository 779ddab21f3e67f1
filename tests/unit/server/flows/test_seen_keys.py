"""A call that names a key many times asks once whether it may view it, and never too seldom."""

from __future__ import annotations

import pytest
from signward_server.core.errors import EnvelopeCorrupt, KeyNotFound
from signward_server.core.keys import Key
from signward_server.flows.access import VIEW_KEY, SeenKeys

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World, raw


@pytest.fixture
def world() -> World:
    world = World()
    world.key()
    world.key("other")
    return world


@pytest.fixture
def seen(world: World) -> SeenKeys:
    return SeenKeys(world.catalogue, world.policy, FakeCall())


def _views(world: World) -> list[str]:
    asked = (judgement for judgement in world.policy.judged if judgement.action == VIEW_KEY)
    return [judgement.key.id for judgement in asked if judgement.key is not None]


def test_a_key_is_asked_for_once(world: World, seen: SeenKeys) -> None:
    found = [seen.find(key_id).id for key_id in ("bot-key", "other", "bot-key", "other")]
    assert found == ["bot-key", "other", "bot-key", "other"]
    assert _views(world) == ["bot-key", "other"]


def test_s11_another_snapshot_is_asked_for_again(world: World, seen: SeenKeys) -> None:
    old = seen.find("bot-key")
    changed = world.key()
    assert seen.find("bot-key") is changed is not old
    world.policy.denied.add(VIEW_KEY)
    world.key()
    with pytest.raises(KeyNotFound):
        seen.find("bot-key")


def test_s11_other_policies_are_asked_again(world: World, seen: SeenKeys) -> None:
    seen.find("bot-key")
    world.policy.denied.add(VIEW_KEY)
    world.policy.generation = object()
    with pytest.raises(KeyNotFound):
        seen.find("bot-key")


def test_s39_what_may_not_be_viewed_is_asked_for_each_time(world: World, seen: SeenKeys) -> None:
    world.policy.denied.add(VIEW_KEY)
    for _ in range(2):
        with pytest.raises(KeyNotFound):
            seen.find("bot-key")
    assert _views(world) == ["bot-key", "bot-key"]


def test_damage_that_comes_later_is_told_as_ever(world: World) -> None:
    catalogue = _Damaged(world)
    seen = SeenKeys(catalogue, world.policy, FakeCall())  # type: ignore[arg-type]
    seen.find("bot-key")
    catalogue.damaged = True
    with pytest.raises(EnvelopeCorrupt):
        seen.find("bot-key")
    world.policy.denied.add("GetCustodyStatus")
    with pytest.raises(KeyNotFound):
        seen.find("bot-key")


def test_a_batch_views_its_key_once_and_judges_every_item(world: World) -> None:
    list(world.signing.sign_each(FakeCall(), [raw(b"a"), raw(b"b"), raw(b"c")]))
    assert [judgement.action for judgement in world.policy.judged] == [VIEW_KEY, *["SignRaw"] * 3]


class _Damaged:
    def __init__(self, world: World) -> None:
        self.damaged = False
        self._world = world

    def get(self, key_id: str) -> Key | None:
        if self.damaged:
            raise EnvelopeCorrupt
        return self._world.catalogue.get(key_id)
