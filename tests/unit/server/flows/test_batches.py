"""A batch equals single calls, and a bad item spoils nothing."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.errors import Cancelled, FieldInvalid, SignwardError
from signward_server.core.keys import KeyState
from signward_server.core.payloads import Hash
from signward_server.core.signing import SignRequest, SignResult

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
    items = [raw(), raw(key="disabled"), *(raw() for _ in range(18))]
    outcomes = list(world.signing.sign_each(FakeCall(), items))
    assert world.audit.writes == [15, 4]
    sequences = [outcome.audit_sequence for outcome in outcomes if isinstance(outcome, SignResult)]
    assert len(set(sequences)) == 19
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


def test_an_unexpected_error_spoils_only_its_item() -> None:
    world = _world()

    def fail(context: object) -> None:
        if len(world.custody.asked) == 1:
            world.custody.asked.append((b"failed", context))  # type: ignore[arg-type]
            raise RuntimeError("SECRET")

    world.custody.before_sign = fail
    outcomes = world.signing.sign_each(FakeCall(), [raw(b"1"), raw(b"2"), raw(b"3")])
    reasons = [getattr(outcome, "reason", "OK") for outcome in outcomes]
    assert reasons == ["OK", "INTERNAL", "OK"]


def test_the_rest_of_a_cancelled_batch_is_not_signed() -> None:
    world = _world()
    call = FakeCall(lives=2, end=Cancelled())
    outcomes = world.signing.sign_each(call, [raw(bytes([n])) for n in range(5)])
    assert [isinstance(outcome, SignResult) for outcome in outcomes] == [True] * 2 + [False] * 3
    assert len(world.custody.asked) == 2
    assert world.caps.spent == 2
