"""Who may sign an item, with which version, and what becomes of it when that changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from signward_server.core.errors import (
    EtagMismatch,
    KeyDisabled,
    KeyFrozen,
    KeyNotFound,
    PolicyDenied,
    PolicyError,
    SignwardError,
)
from signward_server.core.identity import Authentication
from signward_server.core.keys import CustodyKind, Freeze, Key, KeyState, VersionState
from signward_server.core.signing import SignResult

from tests.fakes.spine.call import BOT, OTHER, FakeCall
from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.world import World, order, raw

GRACE, PRIMARY = VersionState.GRACE, VersionState.PRIMARY
LOCAL, REMOTE = CustodyKind.ENVELOPE, CustodyKind.AWS_KMS


@pytest.fixture
def world() -> World:
    return World()


def _signings(world: World) -> list[Judgement]:
    return [j for j in world.policy.judged if j.intent is not None]


def _once(world: World, change: Callable[[], object]) -> None:
    """Make a change during the first decision on a signature."""
    left = iter([change])

    def rule(judgement: Judgement) -> bool:
        if judgement.intent is not None:
            for meanwhile in left:
                meanwhile()
        return True

    world.policy.rule = rule


def _during_signature(world: World, number: int, change: Callable[[], object]) -> None:
    """Make a change while a custody makes its signature of this number, from 0."""
    for custody in world.custodies.values():
        custody.before_sign = lambda _, c=custody: len(c.asked) == number and change()


def test_the_policy_sees_who_asks_for_what_with_which_key(world: World) -> None:
    key = world.key()
    call = FakeCall(OTHER)
    call.authentication = Authentication.API_KEY
    call.address = "192.0.2.1"
    world.signing.sign(call, raw(b"hello"))
    (judged,) = _signings(world)
    assert (judged.identity, judged.authentication) == (OTHER, Authentication.API_KEY)
    assert (judged.address, judged.action) == ("192.0.2.1", "SignRaw")
    assert judged.key is key
    assert judged.intent is not None
    assert judged.intent.fields["size"] == 5


def test_s05_a_policy_that_cannot_be_evaluated_signs_nothing(world: World) -> None:
    world.key()

    def err(judgement: Judgement) -> bool:
        if judgement.intent is not None:
            raise PolicyError
        return True

    world.policy.rule = err
    with pytest.raises(PolicyError):
        world.signing.sign(FakeCall(), raw())
    assert world.custody.asked == []
    assert world.caps.spent == 0
    assert world.audit.outcomes == ["POLICY_ERROR"]


@pytest.mark.parametrize("custody", [LOCAL, REMOTE], ids=["local", "remote"])
def test_s11_policies_that_are_replaced_after_the_decision_decide_again(
    world: World, custody: CustodyKind
) -> None:
    world.key(custody=custody)
    _once(world, lambda: world.policy.replace("SignRaw"))
    with pytest.raises(PolicyDenied):
        world.signing.sign(FakeCall(), raw())
    assert world.custody.asked == world.remote.asked == []
    assert world.caps.spent == 0
    assert world.audit.outcomes == ["POLICY_DENIED"]


def test_s11_what_the_new_policies_allow_is_signed_and_counted_once(world: World) -> None:
    world.key()
    _once(world, world.policy.replace)
    world.signing.sign(FakeCall(), raw())
    assert [j.totals for j in _signings(world)] == [{"items": 1}, {"items": 1}]
    assert (world.caps.reserved, world.caps.spent) == (1, 1)
    assert len(world.limits.admitted) == 1


def test_s11_a_view_that_is_withdrawn_meanwhile_hides_the_key(world: World) -> None:
    key = world.key()

    def withdraw() -> None:
        world.policy.replace("ViewKey")
        world.catalogue.put(dataclasses.replace(key, state=KeyState.DISABLED))

    _once(world, withdraw)
    with pytest.raises(KeyNotFound):
        world.signing.sign(FakeCall(), raw())
    assert world.custody.asked == []


def test_s11_policies_that_never_rest_are_given_up(world: World) -> None:
    world.key()

    def rule(judgement: Judgement) -> bool:
        world.policy.replace()
        return True

    world.policy.rule = rule
    with pytest.raises(EtagMismatch):
        world.signing.sign(FakeCall(), raw())
    assert world.custody.asked == []
    assert world.caps.spent == 0


@pytest.mark.parametrize(("custody", "spent"), [(LOCAL, 0), (REMOTE, 1)], ids=["local", "remote"])
def test_s11_a_signature_that_the_policies_no_longer_allow_is_discarded(
    world: World, custody: CustodyKind, spent: int
) -> None:
    world.key(custody=custody)
    _during_signature(world, 0, lambda: world.policy.replace("SignRaw"))
    with pytest.raises(PolicyDenied):
        world.signing.sign(FakeCall(), raw())
    assert world.custodies[custody].forgotten == ["bot-key"]
    assert world.audit.outcomes == ["POLICY_DENIED"]
    assert world.caps.spent == spent  # where it was made elsewhere, it may be known there


@pytest.mark.parametrize("what", ["policies", "key"])
def test_s11_a_remote_signature_is_judged_again_before_its_answer_leaves(
    world: World, what: str
) -> None:
    key = world.key(custody=REMOTE)

    def change() -> None:
        if what == "policies":
            world.policy.replace("SignRaw")
        else:
            world.catalogue.put(dataclasses.replace(key, state=KeyState.DISABLED))

    _during_signature(world, 1, change)  # the first signature is made, its answer waits
    outcomes = list(world.signing.sign_each(FakeCall(), [raw(b"1"), raw(b"2")]))
    expected = PolicyDenied if what == "policies" else KeyDisabled
    assert [type(outcome) for outcome in outcomes] == [expected, expected]
    assert world.caps.spent == 2


def test_s12_the_item_is_counted_in_before_it_is_judged_and_limited_after(world: World) -> None:
    world.key()
    seen: list[tuple[str, int, int]] = []

    def rule(judgement: Judgement) -> bool:
        seen.append((judgement.action, world.caps.spent, len(world.limits.admitted)))
        return True

    world.policy.rule = rule
    world.custody.before_sign = lambda context: seen.append(
        ("custody", world.caps.spent, len(world.limits.admitted))
    )
    world.signing.sign(FakeCall(), raw())
    assert seen == [("ViewKey", 0, 0), ("SignRaw", 1, 0), ("custody", 1, 1)]


def test_s14_each_signature_is_a_decision_for_the_caller_on_that_key(world: World) -> None:
    world.key("first", owner="cn:bot")
    world.key("second", owner="cn:other")
    for caller in (BOT, OTHER):
        items = [raw(key="first"), raw(key="second"), raw(key="first")]
        list(world.signing.sign_each(FakeCall(caller), items))
    asked = [(j.identity, j.key.id) for j in _signings(world) if j.key is not None]
    once = ["first", "second", "first"]
    assert asked == [(caller, key_id) for caller in (BOT, OTHER) for key_id in once]


def test_s14_a_right_on_one_key_is_none_on_another_of_the_same_batch(world: World) -> None:
    world.key("mine", owner="cn:bot")
    world.key("theirs", owner="cn:other")
    world.policy.rule = lambda j: (
        j.intent is None or (j.key is not None and j.key.owner == str(j.identity))
    )
    items = [raw(key="mine"), raw(key="theirs"), raw(key="mine")]
    outcomes = list(world.signing.sign_each(FakeCall(), items))
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [SignResult, PolicyDenied, SignResult]
    assert world.caps.spent == 2


def test_s24_the_policy_sees_the_version_that_signs_and_its_state(world: World) -> None:
    world.key(versions=(GRACE, PRIMARY))
    for number in (0, 1, 2):
        world.signing.sign(FakeCall(), raw(version=number))
    judged = [(j.version.version, j.version.state) for j in _signings(world) if j.version]
    assert judged == [(2, PRIMARY), (1, GRACE), (2, PRIMARY)]
    assert {j.version for j in world.policy.judged if j.intent is None} == {None}


def _deny_grace(world: World) -> None:
    world.policy.rule = lambda j: j.version is None or j.version.state is not GRACE


def test_s24_a_policy_may_refuse_versions_in_grace(world: World) -> None:
    world.key(versions=(GRACE, PRIMARY))
    _deny_grace(world)
    with pytest.raises(PolicyDenied):
        world.signing.sign(FakeCall(), raw(version=1))
    assert world.signing.sign(FakeCall(), raw()).version == 2


def _rotated(key: Key) -> Key:
    (version,) = key.versions
    end = version.create_time + timedelta(days=30)
    old = dataclasses.replace(version, state=GRACE, grace_end_time=end)
    fresh = dataclasses.replace(version, version=2)
    return dataclasses.replace(key, primary_version=2, versions=(fresh, old))


@pytest.mark.parametrize(("number", "signs"), [(0, (2, PRIMARY)), (1, (1, GRACE))])
def test_s24_what_a_version_becomes_meanwhile_is_judged(
    world: World, number: int, signs: tuple[int, VersionState]
) -> None:
    rotated = _rotated(world.key())
    _once(world, lambda: world.catalogue.put(rotated))
    assert world.signing.sign(FakeCall(), raw(version=number)).version == signs[0]
    judged = [(j.version.version, j.version.state) for j in _signings(world) if j.version]
    assert judged == [(1, PRIMARY), signs]


def test_s33_the_version_that_a_retry_resolves_to_is_judged(world: World) -> None:
    key = world.key()
    world.signing.sign(FakeCall(), raw(request_id="r1"))
    world.catalogue.put(_rotated(key))
    assert world.signing.sign(FakeCall(), raw(request_id="r1")).version == 1
    _deny_grace(world)
    with pytest.raises(PolicyDenied):
        world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert len(world.custody.asked) == 2
    assert world.caps.spent == 1


def test_s33_a_retry_is_judged_by_the_policies_of_now_and_stays_free(world: World) -> None:
    world.key()
    first = world.signing.sign(FakeCall(), raw(request_id="r1"))
    world.policy.replace("SignRaw")
    with pytest.raises(PolicyDenied):
        world.signing.sign(FakeCall(), raw(request_id="r1"))
    world.policy.replace()
    again = world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert again.result == first.result
    assert (world.caps.reserved, world.caps.spent) == (3, 1)


@pytest.mark.parametrize("denied", ["ViewKey", "SignRaw"])
def test_s33_a_retry_whose_right_goes_while_it_is_answered_gets_nothing(
    world: World, denied: str
) -> None:
    world.key()
    world.signing.sign(FakeCall(), raw(request_id="r1"))
    _during_signature(world, 1, lambda: world.policy.replace(denied))
    with pytest.raises(KeyNotFound if denied == "ViewKey" else PolicyDenied):
        world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert world.caps.spent == 1


CANCELS = frozenset({"SignOrder"})


@pytest.mark.parametrize(
    ("freeze", "cancelling", "signs"),
    [
        (Freeze.NONE, frozenset(), True),
        (Freeze.CANCEL_ONLY, frozenset(), False),
        (Freeze.CANCEL_ONLY, CANCELS, True),
        (Freeze.ALL, CANCELS, False),
    ],
)
def test_a_frozen_key_signs_at_most_what_cancels(
    freeze: Freeze, cancelling: frozenset[str], signs: bool
) -> None:
    world = World(cancelling=cancelling)
    world.key(freeze=freeze)
    request = order(world.order())
    if signs:
        assert world.signing.sign(FakeCall(), request).version == 1
        return
    with pytest.raises(KeyFrozen):
        world.signing.sign(FakeCall(), request)
    assert world.custody.asked == []
    assert world.caps.spent == 0


def test_what_cancels_is_judged_by_the_policy_as_well() -> None:
    world = World(cancelling=CANCELS)
    world.key(freeze=Freeze.CANCEL_ONLY)
    world.policy.denied.add("SignOrder")
    with pytest.raises(PolicyDenied):
        world.signing.sign(FakeCall(), order(world.order()))


@pytest.mark.parametrize("custody", [LOCAL, REMOTE], ids=["local", "remote"])
@pytest.mark.parametrize("late", [False, True], ids=["before", "during"])
def test_s11_a_key_that_is_frozen_meanwhile_signs_only_what_cancels(
    custody: CustodyKind, late: bool
) -> None:
    world = World(cancelling=CANCELS)
    outcomes: list[SignResult | SignwardError] = []
    for make in (raw, lambda: order(world.order())):
        frozen = dataclasses.replace(world.key(custody=custody), freeze=Freeze.CANCEL_ONLY)

        def freeze(frozen: Key = frozen) -> Key:
            return world.catalogue.put(frozen)

        if late:
            _during_signature(world, len(world.custodies[custody].asked), freeze)
        else:
            _once(world, freeze)
        outcomes.extend(world.signing.sign_each(FakeCall(), [make()]))
    assert [type(outcome) for outcome in outcomes] == [KeyFrozen, SignResult]
