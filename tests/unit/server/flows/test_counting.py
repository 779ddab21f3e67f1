"""Every item is counted once, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from signward_server.core.errors import (
    CustodyUnavailable,
    FieldInvalid,
    Internal,
    KeyNotFound,
    RateLimited,
    SignwardError,
)
from signward_server.core.identity import Identity
from signward_server.core.keys import KeyState
from signward_server.core.method_classes import MethodClass
from signward_server.core.payloads import Hash
from signward_server.core.signing import SignRequest, SignResult

from tests.fakes.spine.call import BOT, OTHER, FakeCall
from tests.fakes.spine.world import World, order, raw

SIGN = MethodClass.SIGN
UNREAD = FieldInvalid.at("payload", "Must be set.")


@pytest.fixture
def world() -> World:
    return World()


def _told(world: World, request: SignRequest | SignwardError) -> str:
    (outcome,) = world.signing.sign_each(FakeCall(), [request])
    return outcome.reason if isinstance(outcome, SignwardError) else "OK"


def _denied(world: World) -> SignRequest:
    world.policy.denied.add("SignRaw")
    return raw()


def _disabled(world: World) -> SignRequest:
    world.key(state=KeyState.DISABLED)
    return raw()


def _hidden(world: World) -> SignRequest:
    world.policy.denied.add("ViewKey")
    return raw()


FAILURES: dict[str, Callable[[World], SignRequest | SignwardError]] = {
    "KEY_NOT_FOUND": lambda world: raw(key="missing"),
    "hidden": _hidden,
    "POLICY_DENIED": _denied,
    "KEY_DISABLED": _disabled,
    "FIELD_INVALID": lambda world: raw(hash_=Hash.SHA256),
    "unread": lambda world: UNREAD,
}


@pytest.mark.parametrize("failure", FAILURES)
def test_s42_an_item_that_fails_early_counts_without_its_key(world: World, failure: str) -> None:
    world.key()
    assert _told(world, FAILURES[failure](world)) != "OK"
    assert world.limits.admitted == [(BOT, SIGN, "", 1)]


@pytest.mark.parametrize("failure", FAILURES)
def test_s42_too_many_failing_items_are_limited_as_all_others(world: World, failure: str) -> None:
    world.key()
    request = FAILURES[failure](world)
    world.limits.room = 2
    told = [_told(world, request) for _ in range(4)]
    assert told[0] == told[1] != "RATE_LIMITED"
    assert told[2:] == ["RATE_LIMITED", "RATE_LIMITED"]
    assert world.caps.spent == 0


def test_a_limited_item_is_recorded_as_such_and_tells_when_to_come_back(world: World) -> None:
    world.limits.room = 0
    with pytest.raises(RateLimited) as raised:
        world.signing.sign(FakeCall(), raw(key="missing"))
    assert raised.value.retry_after == 1.5
    assert world.audit.outcomes == ["RATE_LIMITED"]


def test_an_item_that_its_key_has_no_room_for_is_not_counted_again(world: World) -> None:
    world.key()
    world.limits.refused.add("bot-key")
    assert _told(world, raw()) == "RATE_LIMITED"
    assert world.limits.admitted == []
    assert world.caps.spent == 0


def test_an_item_that_fails_late_is_not_counted_again(world: World) -> None:
    world.key()
    world.custody.failure = CustodyUnavailable()
    assert _told(world, raw()) == "CUSTODY_UNAVAILABLE"
    assert world.limits.admitted == [(BOT, SIGN, "bot-key", 1)]


def test_s04_each_item_of_a_batch_is_counted_in_its_turn(world: World) -> None:
    world.key()
    world.key("second")
    items = [raw(), raw(key="second"), UNREAD, raw(key="missing"), order(world.order())]
    list(world.signing.sign_each(FakeCall(OTHER), items))
    keys = ["bot-key", "second", "", "", "bot-key"]
    assert world.limits.admitted == [(OTHER, SIGN, key, 1) for key in keys]


@pytest.mark.parametrize("room", range(6))
def test_s04_items_beyond_the_limit_fail_and_only_those(world: World, room: int) -> None:
    world.key()
    items = [raw(b"1"), UNREAD, raw(b"2"), raw(key="missing"), raw(b"3")]
    world.limits.room = room
    outcomes = list(world.signing.sign_each(FakeCall(), items))
    kinds = [SignResult, FieldInvalid, SignResult, KeyNotFound, SignResult]
    assert [type(outcome) for outcome in outcomes] == kinds[:room] + [RateLimited] * (5 - room)
    assert world.caps.spent == len(world.custody.asked) == kinds[:room].count(SignResult)


def test_a_retry_is_counted_by_the_limits_though_the_caps_take_it_once(world: World) -> None:
    world.key()
    for _ in range(3):
        world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert len(world.limits.admitted) == 3
    assert world.caps.spent == 1


class _BrokenLimits:
    """Limits with a bug."""

    blocking = False

    def admit(self, identity: Identity, what: MethodClass, key: str = "", cost: int = 1) -> None:
        raise RuntimeError("SECRET")


def test_limits_that_break_spoil_no_other_item_and_keep_no_reservation(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.key()
    object.__setattr__(world.signing._ports, "limits", _BrokenLimits())
    world.policy.denied.add("SignOrder")
    items = [raw(key="missing"), UNREAD, order(world.order()), raw()]
    outcomes = list(world.signing.sign_each(FakeCall(), items))
    assert [type(outcome) for outcome in outcomes] == [Internal] * 4
    assert world.custody.asked == []
    assert world.caps.spent == 0
    assert "SECRET" not in repr([vars(record) for record in caplog.records])
