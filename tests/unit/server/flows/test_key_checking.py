"""Comparing back ends with the catalogue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signward_server.core.errors import (
    CustodyUnavailable,
    DeadlineExceeded,
    KeyNotFound,
    PolicyDenied,
)
from signward_server.core.key_check import Finding, KeyAspect
from signward_server.core.keys import VersionState

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World

PENDING, PRIMARY, GRACE, RETIRED, SCHEDULED, DESTROYED = VersionState
LOST = Finding(KeyAspect.STATE, "an envelope", "", "Put it back.")
OTHER = Finding(KeyAspect.PUBLIC_KEY, "aa", "bb", "Put it back.")


@pytest.fixture
def world() -> World:
    return World()


def test_every_version_is_looked_at_and_every_problem_named(world: World) -> None:
    world.key(versions=(DESTROYED, SCHEDULED, RETIRED, GRACE, PRIMARY))
    world.custody.findings = {2: [LOST], 4: [LOST, OTHER]}
    checked = world.checking.check(FakeCall(), "bot-key")
    assert checked.problems == ((2, LOST), (4, LOST), (4, OTHER))
    assert checked.time == world.clock.now()
    assert [version.version for version in world.custody.checked] == [1, 2, 3, 4, 5]
    assert world.custody.forgotten == world.custody.asked == []


def test_s13_versions_are_compared_as_they_are_by_now(world: World) -> None:
    world.key(versions=(GRACE, PRIMARY))
    world.clock.advance(timedelta(days=31).total_seconds())
    assert world.checking.check(FakeCall(), "bot-key").problems == ()
    assert [version.state for version in world.custody.checked] == [RETIRED, PRIMARY]


@pytest.mark.parametrize(
    ("denied", "error"), [("ViewKey", KeyNotFound), ("CheckKey", PolicyDenied)]
)
def test_checking_takes_a_right(
    world: World, denied: str, error: type[KeyNotFound | PolicyDenied]
) -> None:
    world.key()
    world.policy.denied.add(denied)
    with pytest.raises(error):
        world.checking.check(FakeCall(), "bot-key")
    assert world.custody.checked == []


def test_a_back_end_that_cannot_be_read_says_so(world: World) -> None:
    world.key()
    world.custody.failure = CustodyUnavailable()
    with pytest.raises(CustodyUnavailable):
        world.checking.check(FakeCall(), "bot-key")
    world.custodies.clear()
    with pytest.raises(CustodyUnavailable):
        world.checking.check(FakeCall(), "bot-key")


def test_it_ends_with_its_caller(world: World) -> None:
    world.key()
    with pytest.raises(DeadlineExceeded):
        world.checking.check(FakeCall(end=DeadlineExceeded()), "bot-key")
    assert world.custody.checked == []
