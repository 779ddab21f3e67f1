"""Ending a running grace earlier, and rotating by a schedule, as changes of a key (S24)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signward_server.core.errors import (
    AuditUnavailable,
    FieldInvalid,
    KeyVersionDestroyed,
    KeyVersionNotFound,
    KeyVersionPending,
    KeyVersionRetired,
    PolicyDenied,
    SignwardError,
)
from signward_server.core.keys import Key, Purpose, VersionState
from signward_server.flows.key_requests import CreateKey, UpdateKey

from tests.fakes.keys import attributes
from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World, raw

PENDING, PRIMARY, GRACE, RETIRED, SCHEDULED, DESTROYED = VersionState
DAY = timedelta(days=1)


@pytest.fixture
def world() -> World:
    return World()


def _end(world: World, number: int, after: timedelta | None = None) -> Key:
    end = None if after is None else world.clock.now() + after
    request = UpdateKey(key_id="bot-key", grace_version=number, grace_end_time=end)
    return world.changes.update(FakeCall(), request)


@pytest.mark.parametrize("after", [None, timedelta(0), -DAY])
def test_s24_a_running_grace_ends_at_once(world: World, after: timedelta | None) -> None:
    world.key(versions=(GRACE, GRACE, PRIMARY))
    key = _end(world, 1, after)
    assert [version.state for version in key.versions] == [PRIMARY, GRACE, RETIRED]
    assert key.versions[2].grace_end_time == world.clock.now()
    assert world.custody.forgotten == ["bot-key"]
    with pytest.raises(KeyVersionRetired):
        world.signing.sign(FakeCall(), raw(version=1))
    assert world.signing.sign(FakeCall(), raw(version=2)).version == 2
    assert world.audit.entries[0].version == 1


def test_s24_it_is_wiped_even_if_that_cannot_be_recorded(world: World) -> None:
    world.key(versions=(GRACE, PRIMARY))
    world.audit.losing = True
    with pytest.raises(AuditUnavailable):
        _end(world, 1)
    assert world.custody.forgotten == ["bot-key"]


def test_s24_a_running_grace_gets_shorter(world: World) -> None:
    world.key(versions=(GRACE, PRIMARY))
    assert _end(world, 1, DAY).versions[1].state is GRACE
    assert world.signing.sign(FakeCall(), raw(version=1)).version == 1
    world.clock.advance(DAY.total_seconds())
    with pytest.raises(KeyVersionRetired):
        world.signing.sign(FakeCall(), raw(version=1))


def test_s24_a_running_grace_never_gets_longer(world: World) -> None:
    key = world.key(versions=(GRACE, PRIMARY))
    with pytest.raises(FieldInvalid) as raised:
        _end(world, 1, timedelta(days=30, microseconds=1))
    assert [violation.field for violation in raised.value.violations] == ["grace_end_time"]
    assert _end(world, 1, timedelta(days=30)) is key


def test_what_has_retired_stays_so_if_it_is_to_retire_at_once(world: World) -> None:
    key = world.key(versions=(RETIRED, PRIMARY))
    assert _end(world, 1) is key
    with pytest.raises(KeyVersionRetired):
        _end(world, 1, DAY)


def test_s13_a_grace_that_has_ended_does_not_begin_anew(world: World) -> None:
    world.key(versions=(GRACE, PRIMARY))
    world.clock.advance(timedelta(days=30).total_seconds())
    with pytest.raises(KeyVersionRetired):
        _end(world, 1, DAY)
    assert _end(world, 1).versions[1].state is RETIRED


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (1, KeyVersionDestroyed),
        (2, KeyVersionDestroyed),
        (3, KeyVersionPending),
        (4, FieldInvalid),
        (9, KeyVersionNotFound),
    ],
)
def test_only_a_grace_can_end(world: World, number: int, error: type[SignwardError]) -> None:
    key = world.key(versions=(DESTROYED, SCHEDULED, PENDING, PRIMARY))
    with pytest.raises(error):
        _end(world, number)
    assert world.catalogue.get("bot-key") is key


def test_it_takes_the_right_to_change_the_key(world: World) -> None:
    world.key(versions=(GRACE, PRIMARY))
    world.policy.denied.add("UpdateKey")
    with pytest.raises(PolicyDenied):
        _end(world, 1)
    assert world.custody.forgotten == []


def test_a_key_is_rotated_by_a_schedule_if_it_is_told_to(world: World) -> None:
    world.key()
    request = UpdateKey(key_id="bot-key", rotation_period=DAY)
    assert world.changes.update(FakeCall(), request).rotation_period == DAY
    other = UpdateKey(key_id="bot-key", labels={"a": "1"})
    assert world.changes.update(FakeCall(), other).rotation_period == DAY
    request = UpdateKey(key_id="bot-key", rotation_period=timedelta(0))
    assert world.changes.update(FakeCall(), request).rotation_period == timedelta(0)


@pytest.mark.parametrize("purpose", [Purpose.HEDERA, Purpose.HYPERLIQUID])
def test_a_key_that_a_ledger_must_know_is_not_rotated_by_a_schedule(
    world: World, purpose: Purpose
) -> None:
    world.key(purpose=purpose)
    with pytest.raises(FieldInvalid) as raised:
        world.changes.update(FakeCall(), UpdateKey(key_id="bot-key", rotation_period=DAY))
    assert [violation.field for violation in raised.value.violations] == ["rotation_period"]
    zero = UpdateKey(key_id="bot-key", rotation_period=timedelta(0))
    assert world.changes.update(FakeCall(), zero).rotation_period == timedelta(0)


def test_a_new_key_can_be_told_too_and_its_request_id_knows(world: World) -> None:
    fixed = attributes(key_id="new")
    plain = CreateKey(attributes=fixed, request_id="r1")
    told = CreateKey(attributes=fixed, request_id="r1", rotation_period=DAY)
    assert world.creation.create(FakeCall(), told).rotation_period == DAY
    assert told.content() != plain.content()
