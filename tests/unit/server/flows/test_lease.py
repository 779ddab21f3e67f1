"""Nothing is signed on what may not be so any more (S34)."""

from __future__ import annotations

import pytest
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import StoreUnavailable
from signward_server.core.keys import CustodyKind

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World, raw

REMOTE = CustodyKind.AWS_KMS


@pytest.fixture
def world() -> World:
    return World()


def test_s34_nothing_is_signed_when_the_lease_has_run_out(world: World) -> None:
    world.key()
    world.lease.held = False
    with pytest.raises(StoreUnavailable):
        world.signing.sign(FakeCall(), raw())
    assert world.custody.asked == []
    (entry,) = world.audit.entries
    assert (entry.event, entry.outcome) == (AuditEvent.SIGNATURE, "STORE_UNAVAILABLE")
    world.lease.held = True
    world.signing.sign(FakeCall(), raw())


def test_s34_each_item_of_a_batch_needs_the_lease(world: World) -> None:
    world.key()
    asked: list[None] = []

    def run_out_after_two() -> None:
        asked.append(None)
        world.lease.held = len(asked) <= 2

    world.lease.asked = run_out_after_two
    outcomes = list(world.signing.sign_each(FakeCall(), [raw()] * 3))
    assert [isinstance(each, StoreUnavailable) for each in outcomes] == [False, False, True]
    assert len(world.custody.asked) == 2


def test_s34_what_was_signed_elsewhere_stays_when_the_lease_runs_out_meanwhile(
    world: World,
) -> None:
    world.key(custody=REMOTE)
    world.remote.before_sign = lambda _: setattr(world.lease, "held", False)
    with pytest.raises(StoreUnavailable):
        world.signing.sign(FakeCall(), raw())
    assert len(world.remote.asked) == 1
