"""Approving signatures of others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signward_server.core.errors import (
    AuditUnavailable,
    Cancelled,
    PolicyDenied,
    SignwardError,
    StoreUnavailable,
)

from tests.fakes.spine.call import OTHER, FakeCall
from tests.fakes.spine.world import World

DIGEST = bytes(range(32))
METHOD = "/signward.v1.AdminService/ApproveRequest"


@pytest.fixture
def world() -> World:
    return World()


def approve(world: World, call: FakeCall | None = None) -> None:
    end = world.clock.now() + timedelta(minutes=10)
    given = world.approving.approve(call or FakeCall(OTHER, METHOD), DIGEST, end, "why")
    assert (given.digest, given.approver, given.expire_time) == (DIGEST, str(OTHER), end)


def test_s15_an_approval_is_remembered_and_recorded_with_its_digest(world: World) -> None:
    approve(world)
    assert world.approvals.open[DIGEST].approver == str(OTHER)
    (entry,) = world.audit.entries
    assert (entry.action, entry.outcome, entry.decision) == ("ApproveRequest", "OK", "allow")
    assert entry.note == f"approval_digest {DIGEST.hex()} why"
    (judgement,) = world.policy.judged
    assert (judgement.action, judgement.key) == ("ApproveRequest", None)


def test_s15_whoever_may_not_approve_does_not(world: World) -> None:
    world.policy.denied.add("ApproveRequest")
    with pytest.raises(PolicyDenied):
        approve(world)
    assert world.approvals.open == {}
    assert world.audit.entries[0].note == f"approval_digest {DIGEST.hex()} why"


@pytest.mark.parametrize("at", ["begin", "end"])
def test_an_approval_that_cannot_be_recorded_is_none(world: World, at: str) -> None:
    world.audit.failing, world.audit.losing = at == "begin", at == "end"
    with pytest.raises(AuditUnavailable):
        approve(world)
    assert world.approvals.open == {}


@pytest.mark.parametrize("failure", [StoreUnavailable(), Cancelled()])
def test_nothing_is_approved_that_fails(world: World, failure: SignwardError) -> None:
    world.approvals.failing = isinstance(failure, StoreUnavailable)
    end = failure if isinstance(failure, Cancelled) else None
    with pytest.raises(type(failure)):
        approve(world, FakeCall(OTHER, METHOD, end=end))
    assert world.approvals.open == {}
    assert world.audit.outcomes == [failure.reason]
