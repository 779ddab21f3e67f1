from __future__ import annotations

import pytest
from signward_server.core.errors import Cancelled, PolicyDenied, RateLimited
from signward_server.core.ports import ReloadPart

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World

POLICY, LIMITS = ReloadPart.POLICY, ReloadPart.LIMITS


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("parts", "asked", "answered"),
    [
        ([LIMITS, POLICY, LIMITS], [POLICY, LIMITS], [POLICY, LIMITS]),
        ([], [], list(ReloadPart)),
    ],
)
def test_parts_are_looked_at_once_and_in_order(
    world: World, parts: list[ReloadPart], asked: list[ReloadPart], answered: list[ReloadPart]
) -> None:
    results = world.reloading.reload(FakeCall(), parts)
    assert world.reloads.asked == [asked]
    assert [result.part for result in results] == answered


def test_a_bad_part_is_no_error(world: World) -> None:
    world.reloads.problems[POLICY] = "policy a.cedar, line 3"
    (result,) = world.reloading.reload(FakeCall(), [POLICY])
    assert (result.changed, result.problem) == (False, "policy a.cedar, line 3")
    (entry,) = world.audit.entries
    assert (entry.action, entry.outcome, entry.note) == ("Reload", "OK", "policy")


def test_s40_reloading_takes_a_right_on_the_server(world: World) -> None:
    world.policy.denied.add("Reload")
    with pytest.raises(PolicyDenied):
        world.reloading.reload(FakeCall(), [])
    with pytest.raises(PolicyDenied):
        world.reloading.reload(FakeCall(), [LIMITS])
    assert world.reloads.asked == []
    assert [(e.action, e.outcome, e.note) for e in world.audit.entries] == [
        ("Reload", "POLICY_DENIED", ""),
        ("Reload", "POLICY_DENIED", "limits"),
    ]
    assert all(judged.key is None for judged in world.policy.judged)


def test_nothing_is_looked_at_for_a_caller_who_has_gone(world: World) -> None:
    with pytest.raises(Cancelled):
        world.reloading.reload(FakeCall(end=Cancelled()), [])
    assert world.reloads.asked == []


def test_a_call_does_not_wait_for_another_reload(world: World) -> None:
    world.reloads.under_way = True
    with pytest.raises(RateLimited) as refused:
        world.reloading.reload(FakeCall(), [])
    assert refused.value.retry_after == 1.0
    assert [entry.outcome for entry in world.audit.entries] == ["RATE_LIMITED"]
