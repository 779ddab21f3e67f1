"""A batch equals single calls, and a bad item spoils nothing."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import (
    Cancelled,
    CustodyUnavailable,
    FieldInvalid,
    SignwardError,
)
from signward_server.core.keys import Algorithm, CustodyKind, Freeze, KeyState
from signward_server.core.payloads import Hash
from signward_server.core.signing import Signature, SigningContext, SignRequest, SignResult

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World, raw

KEYS = ("bot-key", "disabled", "missing")

requests = st.builds(
    lambda message, key, version, hash_: raw(message, key=key, version=version, hash_=hash_),
    message=st.binary(max_size=40),
    key=st.sampled_from(KEYS),
    version=st.integers(0, 2),
    hash_=st.sampled_from(Hash),
)
unreadable = st.builds(lambda: FieldInvalid.at("payload", "Must be set."))


def _world() -> World:
    world = World()
    world.key()
    world.key("disabled", state=KeyState.DISABLED)
    return world


def _told(outcome: SignResult | SignwardError) -> object:
    if isinstance(outcome, SignwardError):
        return outcome.reason, outcome.violations
    return outcome.key, outcome.version, outcome.signed_bytes_digest, outcome.result


def _alone(world: World, item: SignRequest | SignwardError) -> SignResult | SignwardError:
    if isinstance(item, SignwardError):
        return world.signing.unread(FakeCall(), item)
    try:
        return world.signing.sign(FakeCall(), item)
    except SignwardError as error:
        return error


@given(st.lists(st.one_of(requests, unreadable), max_size=12))
def test_a_batch_equals_single_calls(items: list[SignRequest | SignwardError]) -> None:
    world = _world()
    together = [_told(outcome) for outcome in world.signing.sign_each(FakeCall(), items)]
    recorded = Counter(world.audit.outcomes)
    alone = [_told(_alone(world, item)) for item in items]
    assert together == alone
    assert Counter(world.audit.outcomes) - recorded == recorded


def test_what_a_slice_signs_is_recorded_in_one_write() -> None:
    world = _world()
    items = [raw(), raw(key="disabled"), *(raw() for _ in range(34))]
    outcomes = list(world.signing.sign_each(FakeCall(), items))
    assert world.audit.writes == [31, 4]
    sequences = [outcome.audit_sequence for outcome in outcomes if isinstance(outcome, SignResult)]
    assert len(set(sequences)) == 35
    assert world.audit.outcomes.count("KEY_DISABLED") == 1


def test_where_a_slice_cannot_be_recorded_none_of_it_is_returned() -> None:
    world = _world()
    world.audit.losing = True
    outcomes = list(world.signing.sign_each(FakeCall(), [raw(), raw(key="disabled"), raw()]))
    assert [_told(outcome)[0] for outcome in outcomes] == [
        "AUDIT_UNAVAILABLE",
        "KEY_DISABLED",
        "AUDIT_UNAVAILABLE",
    ]
    assert world.caps.spent == 0


@pytest.mark.parametrize(
    ("error", "reason"), [(RuntimeError("SECRET"), "INTERNAL"), (CustodyUnavailable(), "")]
)
def test_an_error_of_the_custody_spoils_only_its_item(error: Exception, reason: str) -> None:
    world = _world()
    sign = world.custody.sign

    def failing(message: bytes, context: SigningContext) -> Signature:
        if message == b"2":
            raise error
        return sign(message, context)

    world.custody.sign = failing  # type: ignore[method-assign]
    outcomes = world.signing.sign_each(FakeCall(), [raw(b"1"), raw(b"2"), raw(b"3")])
    reasons = [getattr(outcome, "reason", "OK") for outcome in outcomes]
    assert reasons == ["OK", reason or "CUSTODY_UNAVAILABLE", "OK"]
    assert world.caps.spent == 2


def test_the_rest_of_a_cancelled_batch_is_not_signed() -> None:
    world = _world()
    call = FakeCall(lives=2, end=Cancelled())
    outcomes = world.signing.sign_each(call, [raw(bytes([n])) for n in range(5)])
    assert [type(outcome) for outcome in outcomes] == [Cancelled] * 5
    assert len(world.custody.asked) == 2, "and nobody is there who would take what they gave"
    assert world.caps.spent == 0


def test_items_of_one_key_version_are_signed_in_one_go() -> None:
    world = _world()
    world.key("other")
    items = [raw(bytes([n]), key="other" if n % 2 else "bot-key") for n in range(6)]
    outcomes = list(world.signing.sign_each(FakeCall(), items))
    assert [_told(outcome) for outcome in outcomes] == [
        _told(_alone(world, item)) for item in items
    ]
    assert world.custody.together == [3, 3]


def test_different_hashes_are_not_signed_in_one_go() -> None:
    world = World()
    world.key(algorithm=Algorithm.ECDSA_SECP256K1)
    items = [raw(b"m", hash_=hash_) for hash_ in (Hash.SHA256, Hash.KECCAK256, Hash.SHA256)]
    outcomes = list(world.signing.sign_each(FakeCall(), items))
    assert all(isinstance(outcome, SignResult) for outcome in outcomes)
    assert world.custody.together == [2, 1]


def test_s35_what_leaves_the_process_is_signed_one_by_one() -> None:
    world = World()
    world.key(custody=CustodyKind.AWS_KMS)
    outcomes = list(world.signing.sign_each(FakeCall(), [raw(bytes([n])) for n in range(3)]))
    assert all(isinstance(outcome, SignResult) for outcome in outcomes)
    assert world.remote.together == []
    assert [entry.event for entry in world.audit.announced] == [AuditEvent.AUTHORISED] * 3


def test_s11_signatures_made_before_a_change_are_judged_by_it() -> None:
    world = _world()

    def freeze(context: SigningContext) -> None:
        world.custody.before_sign = lambda context: None
        world.catalogue.put(dataclasses.replace(context.key, freeze=Freeze.ALL))

    world.custody.before_sign = freeze
    outcomes = list(world.signing.sign_each(FakeCall(), [raw(bytes([n])) for n in range(3)]))
    assert [_told(outcome)[0] for outcome in outcomes] == ["KEY_FROZEN"] * 3
    assert world.custody.forgotten == ["bot-key"] * 3
    assert world.caps.spent == 0


def test_s11_a_change_before_the_signature_is_obeyed_by_those_who_come_after() -> None:
    world = _world()
    items = [raw(b"1"), raw(b"2")]
    lives = FakeCall()
    ensure_live = lives.ensure_live

    def change() -> None:
        world.policy.replace("SignRaw")
        ensure_live()

    lives.ensure_live = change  # type: ignore[method-assign]
    outcomes = list(world.signing.sign_each(lives, items))
    assert [_told(outcome)[0] for outcome in outcomes] == ["POLICY_DENIED"] * 2
    assert world.custody.forgotten == ["bot-key"]  # signed, and judged again
