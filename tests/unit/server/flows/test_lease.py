"""Nothing is signed on what may not be so any more (S34)."""

from __future__ import annotations

import pytest
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import ApiKeyRevoked, StoreUnavailable
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

    def not_for_the_third() -> None:
        asked.append(None)
        world.lease.held = len(asked) != 3

    world.lease.asked = not_for_the_third
    outcomes = list(world.signing.sign_each(FakeCall(), [raw()] * 3))
    assert [isinstance(each, StoreUnavailable) for each in outcomes] == [False, False, True]
    assert len(world.custody.asked) == 2


@pytest.mark.parametrize("number", [1, 3])
def test_s34_what_was_signed_after_the_lease_does_not_leave(world: World, number: int) -> None:
    """A process that was stopped between the question and the signature has no lease after it."""
    world.key()
    world.custody.before_sign = lambda _: setattr(world.lease, "held", False)
    outcomes = list(world.signing.sign_each(FakeCall(), [raw()] * number))
    assert [type(each) for each in outcomes] == [StoreUnavailable] * number
    assert world.custody.asked != []


@pytest.mark.parametrize("number", [1, 3])
def test_s34_what_was_signed_after_the_api_key_was_revoked_does_not_leave(
    world: World, number: int
) -> None:
    world.key()
    call = RevokedMeanwhile()
    world.custody.before_sign = lambda _: setattr(call, "revoked", True)
    outcomes = list(world.signing.sign_each(call, [raw()] * number))
    assert [type(each) for each in outcomes] == [ApiKeyRevoked] * number
    assert world.custody.asked != []


class RevokedMeanwhile(FakeCall):
    """A call with an API key that somebody revokes."""

    revoked = False

    def ensure_live(self) -> None:
        if self.revoked:
            raise ApiKeyRevoked


def test_s34_what_was_signed_elsewhere_stays_when_the_lease_runs_out_meanwhile(
    world: World,
) -> None:
    world.key(custody=REMOTE)
    world.remote.before_sign = lambda _: setattr(world.lease, "held", False)
    with pytest.raises(StoreUnavailable):
        world.signing.sign(FakeCall(), raw())
    assert len(world.remote.asked) == 1
