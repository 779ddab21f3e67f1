"""Destroying versions after a while, and not destroying them after all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signward_server.core.errors import (
    KeyNotFound,
    KeyVersionDestroyed,
    KeyVersionNotFound,
    KeyVersionNotScheduled,
    KeyVersionPrimary,
    KeyVersionRetired,
    PolicyDenied,
    SignwardError,
)
from signward_server.core.keys import KeyState, VersionState
from signward_server.flows.key_requests import RotateKey

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World, raw

PENDING, PRIMARY, GRACE, RETIRED, SCHEDULED, DESTROYED = VersionState
WEEK = timedelta(days=7)


@pytest.fixture
def world() -> World:
    return World()


def _state(world: World, number: int) -> VersionState:
    key = world.catalogue.get("bot-key")
    assert key is not None
    version = key.version(number)
    assert version is not None
    return version.state


@pytest.mark.parametrize("state", [GRACE, RETIRED, PENDING])
def test_a_version_that_is_to_be_destroyed_signs_nothing_from_then_on(
    world: World, state: VersionState
) -> None:
    world.key(versions=(state, PRIMARY))
    key, version = world.versions.schedule(FakeCall(), "bot-key", 1, WEEK)
    assert (version.state, version.destroy_time) == (SCHEDULED, world.clock.now() + WEEK)
    assert key == world.catalogue.get("bot-key")
    assert world.custody.forgotten == ["bot-key"]
    with pytest.raises(KeyVersionDestroyed):
        world.signing.sign(FakeCall(), raw(version=1))
    (entry, _) = world.audit.entries
    assert (entry.action, entry.version) == ("ScheduleDestroyKeyVersion", 1)


def test_a_grace_ends_with_the_plan(world: World) -> None:
    world.key(versions=(GRACE, PRIMARY))
    version = world.versions.schedule(FakeCall(), "bot-key", 1, WEEK)[1]
    assert version.grace_end_time == world.clock.now()


def test_what_is_planned_keeps_its_time(world: World) -> None:
    world.key(versions=(RETIRED, PRIMARY))
    first = world.versions.schedule(FakeCall(), "bot-key", 1, WEEK)
    world.clock.advance(60)
    assert world.versions.schedule(FakeCall(), "bot-key", 1, 2 * WEEK) == first


@pytest.mark.parametrize(
    ("number", "error"),
    [(1, KeyVersionDestroyed), (2, KeyVersionPrimary), (9, KeyVersionNotFound)],
)
def test_what_cannot_be_destroyed(world: World, number: int, error: type[SignwardError]) -> None:
    key = world.key(versions=(DESTROYED, PRIMARY))
    with pytest.raises(error):
        world.versions.schedule(FakeCall(), "bot-key", number, WEEK)
    assert world.catalogue.get("bot-key") is key


def test_the_primary_version_of_a_disabled_key_can_be_and_the_key_is_not_enabled_before_a_rotation(
    world: World,
) -> None:
    world.key(state=KeyState.DISABLED)
    world.versions.schedule(FakeCall(), "bot-key", 1, WEEK)
    with pytest.raises(KeyVersionDestroyed):
        world.changes.set_state(FakeCall(), "bot-key", KeyState.ENABLED)
    world.versions.restore(FakeCall(), "bot-key", 1)
    with pytest.raises(KeyVersionRetired):
        world.changes.set_state(FakeCall(), "bot-key", KeyState.ENABLED)
    rotation = world.rotation.rotate(FakeCall(), RotateKey(key_id="bot-key"))
    assert rotation.previous.state is RETIRED
    world.changes.set_state(FakeCall(), "bot-key", KeyState.ENABLED)
    assert world.signing.sign(FakeCall(), raw()).version == 2


@pytest.mark.parametrize("state", [GRACE, RETIRED, PENDING])
def test_s24_a_restored_version_is_retired_whatever_it_was(
    world: World, state: VersionState
) -> None:
    world.key(versions=(state, PRIMARY))
    world.versions.schedule(FakeCall(), "bot-key", 1, WEEK)
    version = world.versions.restore(FakeCall(), "bot-key", 1)[1]
    assert (version.state, version.destroy_time) == (RETIRED, None)
    assert _state(world, 1) is RETIRED
    with pytest.raises(KeyVersionRetired):
        world.signing.sign(FakeCall(), raw(version=1))
    assert world.audit.entries[1].action == "RestoreKeyVersion"


@pytest.mark.parametrize("state", [PENDING, PRIMARY, GRACE, RETIRED])
def test_only_what_is_planned_is_taken_back(world: World, state: VersionState) -> None:
    key = world.key(versions=(state, PRIMARY))
    with pytest.raises(KeyVersionNotScheduled):
        world.versions.restore(FakeCall(), "bot-key", 1)
    assert world.catalogue.get("bot-key") is key


@pytest.mark.parametrize(("number", "error"), [(1, KeyVersionDestroyed), (9, KeyVersionNotFound)])
def test_what_is_gone_does_not_come_back(
    world: World, number: int, error: type[SignwardError]
) -> None:
    world.key(versions=(DESTROYED, PRIMARY))
    with pytest.raises(error):
        world.versions.restore(FakeCall(), "bot-key", number)


@pytest.mark.parametrize(
    ("denied", "error"), [("ScheduleDestroyKeyVersion", PolicyDenied), ("ViewKey", KeyNotFound)]
)
def test_planning_takes_a_right_of_its_own(
    world: World, denied: str, error: type[SignwardError]
) -> None:
    world.key(versions=(GRACE, PRIMARY))
    world.policy.denied.add(denied)
    with pytest.raises(error):
        world.versions.schedule(FakeCall(), "bot-key", 1, WEEK)
    assert _state(world, 1) is GRACE
    assert world.audit.outcomes == [error.reason]


@pytest.mark.parametrize(
    ("denied", "error"), [("RestoreKeyVersion", PolicyDenied), ("ViewKey", KeyNotFound)]
)
def test_restoring_takes_a_right_of_its_own(
    world: World, denied: str, error: type[SignwardError]
) -> None:
    world.key(versions=(SCHEDULED, PRIMARY))
    world.policy.denied.add(denied)
    with pytest.raises(error):
        world.versions.restore(FakeCall(), "bot-key", 1)
    assert _state(world, 1) is SCHEDULED
    assert world.audit.outcomes == [error.reason]
