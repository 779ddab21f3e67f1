"""Items that need a nonce: when it is taken, and what a retry gets."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import coincurve
import pytest
from signward_server.core.errors import (
    AuditUnavailable,
    ClockUntrusted,
    CustodyUnavailable,
    DeadlineExceeded,
    FieldInvalid,
    KeyVersionRetired,
    NonceOutOfWindow,
    PolicyDenied,
    RateLimited,
    RequestIdReused,
    SignwardError,
    SpendLimit,
    StoreUnavailable,
)
from signward_server.core.keys import Algorithm, CustodyKind, Freeze, Key, Purpose, VersionState
from signward_server.core.method_classes import MethodClass
from signward_server.core.payloads import Hash, HyperliquidPayload, HyperliquidSignature
from signward_server.core.signing import (
    SigningContext,
    SignRequest,
    SignResult,
    VerifyRequest,
)

from tests.fakes.spine.call import BOT, FakeCall
from tests.fakes.spine.custody import digest
from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.numbered import NumberedChain, numbered
from tests.fakes.spine.world import World, raw

REMOTE = CustodyKind.AWS_KMS


@pytest.fixture
def world() -> World:
    world = World(cancelling=frozenset({"SignTestCancel"}), restricted=frozenset({"SignTestSend"}))
    world.chains[HyperliquidPayload] = NumberedChain()
    return world


def desk_key(world: World, **attributes: object) -> Key:
    return world.key(
        algorithm=Algorithm.ECDSA_SECP256K1,
        purpose=Purpose.HYPERLIQUID,
        **attributes,  # type: ignore[arg-type]
    )


def result_of(outcome: SignResult | SignwardError) -> HyperliquidSignature:
    assert isinstance(outcome, SignResult)
    assert isinstance(outcome.result, HyperliquidSignature)
    return outcome.result


def test_what_is_signed_has_the_nonce_that_was_taken(world: World) -> None:
    key = desk_key(world)
    signed = world.signing.sign(FakeCall(), numbered())
    result = result_of(signed)
    assert world.nonces.taken == [(key.versions[0].public_key.fingerprint, result.nonce)]
    ((message, _),) = world.custody.asked
    assert message.endswith(b"#%d" % result.nonce)
    signature = bytes.fromhex(result.r[2:] + result.s[2:]) + bytes([result.v - 27])
    recovered = coincurve.PublicKey.from_signature_and_message(
        signature, digest(message, Hash.KECCAK256), hasher=None
    )
    assert recovered.format() == key.versions[0].public_key.raw
    (entry,) = world.audit.entries
    assert entry.nonce == result.nonce
    assert world.limits.admitted == [(BOT, MethodClass.SIGN, "bot-key", 1)]


def test_nonces_of_one_signer_differ_over_all_ways_to_sign(world: World) -> None:
    desk_key(world)
    nonces = [result_of(world.signing.sign(FakeCall(), numbered())).nonce]
    batch = world.signing.sign_each(FakeCall(), [numbered(n) for n in range(1, 41)])
    nonces += [result_of(outcome).nonce for outcome in batch]
    assert nonces == sorted(set(nonces))
    assert len(nonces) == 41


def test_s31_nothing_is_taken_for_what_is_denied(world: World) -> None:
    desk_key(world)
    world.policy.denied.add("SignTestTrade")
    with pytest.raises(PolicyDenied):
        world.signing.sign(FakeCall(), numbered(request_id="r1"))
    assert world.nonces.taken == []
    assert world.requests.known == {}


def test_s31_nor_for_what_is_over_a_limit_or_too_late(world: World) -> None:
    desk_key(world)
    with pytest.raises(DeadlineExceeded):
        world.signing.sign(FakeCall(end=DeadlineExceeded()), numbered())
    world.limits.refused.add("bot-key")
    with pytest.raises(RateLimited):
        world.signing.sign(FakeCall(), numbered())
    assert world.nonces.taken == []
    assert world.caps.spent == 0


@pytest.mark.parametrize("failure", [ClockUntrusted(), RateLimited(), StoreUnavailable()])
def test_without_a_nonce_nothing_is_signed_or_counted(world: World, failure: SignwardError) -> None:
    desk_key(world)
    world.nonces.failure = failure
    with pytest.raises(type(failure)):
        world.signing.sign(FakeCall(), numbered(request_id="r1"))
    assert world.custody.asked == []
    assert world.requests.known == {}
    assert world.caps.spent == 0
    assert world.audit.entries[0].nonce == 0


def test_s31_a_callers_own_nonce_is_signed(world: World) -> None:
    desk_key(world)
    own = int(world.clock.time() * 1000) + 4000
    assert result_of(world.signing.sign(FakeCall(), numbered(nonce=own))).nonce == own
    with pytest.raises(NonceOutOfWindow):
        world.signing.sign(FakeCall(), numbered(nonce=own))


def test_s33_a_retry_gets_the_same_nonce_and_bytes(world: World) -> None:
    desk_key(world)
    request = numbered(request_id="r1")
    first = world.signing.sign(FakeCall(), request)
    world.clock.advance(7)
    again = world.signing.sign(FakeCall(), request)
    assert again.result == first.result
    assert again.signed_bytes_digest == first.signed_bytes_digest
    assert world.caps.spent == 1
    assert [entry.nonce for entry in world.audit.entries] == [result_of(first).nonce] * 2


def test_s33_a_retry_with_an_own_nonce_is_no_second_use_of_it(world: World) -> None:
    desk_key(world)
    own = int(world.clock.time() * 1000)
    request = numbered(nonce=own, request_id="r1")
    first = world.signing.sign(FakeCall(), request)
    assert world.signing.sign(FakeCall(), request).result == first.result
    assert len(world.nonces.taken) == 1
    with pytest.raises(RequestIdReused):
        world.signing.sign(FakeCall(), numbered(nonce=own + 1, request_id="r1"))
    assert world.caps.spent == 1


def test_s33_a_retry_after_the_audit_failed_gets_what_nobody_has_seen(world: World) -> None:
    desk_key(world)
    world.audit.losing = True
    request = numbered(request_id="r1")
    with pytest.raises(AuditUnavailable):
        world.signing.sign(FakeCall(), request)
    ((_, nonce),) = world.nonces.taken
    assert world.caps.spent == 1
    world.audit.losing = False
    assert result_of(world.signing.sign(FakeCall(), request)).nonce == nonce
    assert world.caps.spent == 1


def test_s12_what_may_be_taken_stays_counted_since_a_retry_of_it_is_free(world: World) -> None:
    desk_key(world)
    world.requests.broken = True
    with pytest.raises(StoreUnavailable):
        world.signing.sign(FakeCall(), numbered(request_id="r1"))
    assert world.caps.spent == 1
    world.requests.broken = False
    world.signing.sign(FakeCall(), numbered(request_id="r1"))
    assert world.caps.spent == 1


def test_s12_what_is_denied_whatever_was_spent_is_not_counted_for_a_moment(world: World) -> None:
    desk_key(world)
    world.caps.actions = frozenset({"SignTestTrade"})
    world.policy.denied.add("SignTestTrade")
    with pytest.raises(PolicyDenied):
        world.signing.sign(FakeCall(), numbered(account="0xvault", request_id="r1"))
    assert world.caps.reserved == 0
    world.policy.replace()
    request = numbered(account="0xvault", request_id="r1")
    first = result_of(world.signing.sign(FakeCall(), request))
    assert (world.caps.reserved, world.caps.spent) == (1, 1)
    world.policy.spent_above = 1
    assert result_of(world.signing.sign(FakeCall(), request)) == first
    assert world.caps.spent == 1
    world.policy.spent_above = 0  # what it counts by itself is too much
    with pytest.raises(SpendLimit) as caught:
        world.signing.sign(FakeCall(), numbered(account="0xother"))
    assert caught.value.retry_after is None
    assert world.caps.reserved == 2


def test_a_nonce_of_an_item_that_fails_is_lost(world: World) -> None:
    desk_key(world)
    world.custody.failure = CustodyUnavailable()
    with pytest.raises(CustodyUnavailable):
        world.signing.sign(FakeCall(), numbered())
    world.custody.failure = None
    signed = result_of(world.signing.sign(FakeCall(), numbered()))
    assert [nonce for _, nonce in world.nonces.taken][1] == signed.nonce
    assert [entry.nonce for entry in world.audit.entries] == [0, signed.nonce]
    assert world.caps.spent == 1


def test_s33_retries_at_once_and_within_a_batch_get_one_answer(world: World) -> None:
    desk_key(world)
    request = numbered(request_id="r1")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: world.signing.sign(FakeCall(), request), range(8)))
    batch = world.signing.sign_each(FakeCall(), [request, request])
    results = [result_of(answer) for answer in (*answers, *batch)]
    assert results == results[:1] * 10
    assert world.caps.spent == 1


def test_s33_a_rotation_leaves_version_and_nonce_of_the_first_use(world: World) -> None:
    key = desk_key(world)
    first = world.signing.sign(FakeCall(), numbered(request_id="r1"))
    (version,) = key.versions
    fresh = dataclasses.replace(
        version, version=2, public_key=world.custody.pair(Algorithm.ECDSA_SECP256K1)
    )
    end = world.clock.now() + timedelta(days=1)
    old = dataclasses.replace(version, state=VersionState.GRACE, grace_end_time=end)
    rotated = dataclasses.replace(key, primary_version=2, versions=(fresh, old))
    world.catalogue.put(rotated)
    again = world.signing.sign(FakeCall(), numbered(request_id="r1"))
    assert (again.version, again.result) == (1, first.result)
    other = world.signing.sign(FakeCall(), numbered(request_id="r2"))
    assert other.version == 2
    assert world.nonces.taken[-1][0] == fresh.public_key.fingerprint


@pytest.mark.parametrize("state", [VersionState.GRACE, VersionState.RETIRED])
@pytest.mark.parametrize("together", [False, True], ids=["alone", "together"])
def test_a_nonce_is_signed_by_nobody_but_the_version_it_was_taken_for(
    world: World, state: VersionState, *, together: bool
) -> None:
    key = desk_key(world)
    (version,) = key.versions
    fresh = dataclasses.replace(version, version=2)
    end = world.clock.now() + timedelta(days=1)
    old = dataclasses.replace(version, state=state, grace_end_time=end)
    rotated = dataclasses.replace(key, primary_version=2, versions=(fresh, old))

    def rotate(_: SigningContext) -> None:
        world.catalogue.put(rotated)

    world.custody.before_sign = rotate
    requests = [numbered()]
    outcome = next(iter(world.signing.sign_each(FakeCall(), requests))) if together else _one(world)
    if state is VersionState.RETIRED:
        assert isinstance(outcome, KeyVersionRetired)
    else:
        assert isinstance(outcome, SignResult)
        assert outcome.version == 1


def _one(world: World) -> SignResult | SignwardError:
    try:
        return world.signing.sign(FakeCall(), numbered())
    except SignwardError as error:
        return error


def test_a_remote_signature_is_announced_with_its_nonce(world: World) -> None:
    desk_key(world, custody=REMOTE)
    nonce = result_of(world.signing.sign(FakeCall(), numbered())).nonce
    assert [entry.nonce for entry in world.audit.announced] == [nonce]
    world.remote.failure = CustodyUnavailable()
    with pytest.raises(CustodyUnavailable):
        world.signing.sign(FakeCall(), numbered())
    assert world.audit.entries[-1].nonce == world.nonces.taken[-1][1]  # it may have been used


def test_a_claim_that_has_lost_its_nonce_signs_nothing(world: World) -> None:
    desk_key(world)
    world.signing.sign(FakeCall(), numbered(request_id="r1"))
    ((scope, (content, version, _)),) = world.requests.known.items()
    world.requests.known[scope] = (content, version, 0)
    with pytest.raises(StoreUnavailable):
        world.signing.sign(FakeCall(), numbered(request_id="r1"))
    assert len(world.custody.asked) == 1


def test_every_intent_is_judged_and_all_must_be_allowed(world: World) -> None:
    desk_key(world)
    world.signing.sign(FakeCall(), numbered(1, 2, 3))
    judged = [j for j in world.policy.judged if j.intent is not None]
    assert [j.intent.fields["amount"] for j in judged if j.intent] == [1, 2, 3]
    (entry,) = world.audit.entries
    assert entry.intent is not None
    assert [i.fields["amount"] for i in (entry.intent, *entry.more)] == [1, 2, 3]
    assert entry.policies == ("fake.cedar:0",)

    def small(judgement: Judgement) -> bool:
        return judgement.intent is None or int(judgement.intent.fields["amount"]) < 5

    world.policy.rule = small
    with pytest.raises(PolicyDenied) as caught:
        world.signing.sign(FakeCall(), numbered(1, 2, 7))
    assert caught.value.metadata["intent"] == "2"
    assert len(world.nonces.taken) == 1
    assert world.audit.entries[-1].more[1].fields["amount"] == 7


def test_a_key_that_only_cancels_takes_payloads_that_only_cancel(world: World) -> None:
    desk_key(world, freeze=Freeze.CANCEL_ONLY)
    world.signing.sign(FakeCall(), numbered(1, 2, kind="cancel"))
    for request in (numbered(), numbered(kind="cancel", others=("trade",))):
        (outcome,) = world.signing.sign_each(FakeCall(), [request])
        assert isinstance(outcome, SignwardError)
        assert outcome.reason == "KEY_FROZEN"


def test_a_spend_limit_says_when_it_lets_through_again(world: World) -> None:
    desk_key(world)
    world.policy.spent_above = 2
    for _ in range(2):
        world.signing.sign(FakeCall(), numbered())
    for amounts in ((1,), (1, 2)):
        with pytest.raises(SpendLimit) as caught:
            world.signing.sign(FakeCall(), numbered(*amounts))
        assert caught.value.retry_after == 1.0
        assert caught.value.metadata["limits"] == "items"
    assert world.caps.spent == 2
    assert world.audit.entries[-1].decision == "deny"
    assert world.audit.entries[-1].policies == ("fake.cedar:2",)
    world.policy.spent_above = 0
    with pytest.raises(SpendLimit) as caught:
        world.signing.sign(FakeCall(), numbered())
    assert caught.value.retry_after is None


@pytest.mark.parametrize("request_", [numbered(request_id="r1"), raw(key="raw", request_id="r1")])
def test_s33_a_retry_at_the_limit_is_not_refused_for_what_it_has_spent_itself(
    world: World, request_: SignRequest
) -> None:
    desk_key(world)
    world.key("raw")
    world.policy.spent_above = 1
    first = world.signing.sign(FakeCall(), request_)
    assert world.signing.sign(FakeCall(), request_).result == first.result
    assert world.caps.spent == 1
    with pytest.raises(SpendLimit):
        world.signing.sign(FakeCall(), dataclasses.replace(request_, request_id="r2"))
    world.policy.spent_above = 0
    with pytest.raises(SpendLimit):  # judged again all the same
        world.signing.sign(FakeCall(), request_)
    assert world.caps.spent == 1


def test_s31_rights_are_given_to_known_agents_only(world: World) -> None:
    desk_key(world)
    request = numbered(grants="0xabc")
    with pytest.raises(FieldInvalid):
        world.signing.sign(FakeCall(), request)
    assert world.nonces.taken == []
    assert world.caps.spent == 0
    world.agents.known.add("0xabc")
    world.signing.sign(FakeCall(), request)
    assert world.agents.asked == [("0xabc", "bot-key", 1)] * 2
    ((_, nonce),) = world.nonces.taken
    assert world.agents.given == [("0xabc", "bot-key", 1, nonce)]
    world.signing.sign(FakeCall(), numbered())
    assert len(world.agents.asked) == 2


def test_s31_rights_that_cannot_be_remembered_do_not_leave(world: World) -> None:
    desk_key(world)
    world.agents.known.add("0xabc")
    world.agents.failure = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        world.signing.sign(FakeCall(), numbered(grants="0xabc"))
    assert world.audit.outcomes == ["STORE_UNAVAILABLE"]


def test_s31_a_retry_by_another_version_is_looked_at_again(world: World) -> None:
    world.agents.known.add("0xabc")
    key = desk_key(world, versions=(VersionState.GRACE, VersionState.PRIMARY))
    request = numbered(grants="0xabc", request_id="r1")
    old = dataclasses.replace(key, primary_version=1)
    world.catalogue.put(old)
    world.signing.sign(FakeCall(), request)
    world.catalogue.put(key)
    assert world.signing.sign(FakeCall(), request).version == 1
    assert [version for _, _, version in world.agents.asked] == [1, 2, 1]
    assert [version for _, _, version, _ in world.agents.given] == [1, 1]


def test_what_was_signed_before_is_signed_again_with_its_nonce(world: World) -> None:
    desk_key(world)
    first = world.signing.sign(FakeCall(), numbered(request_id="r1"))
    nonce = result_of(first).nonce
    world.requests.known.clear()
    again = dataclasses.replace(numbered(request_id="r1"), nonce=nonce)
    assert world.signing.sign(FakeCall(), again).result == first.result
    unnamed = dataclasses.replace(numbered(), nonce=nonce)
    assert world.signing.sign(FakeCall(), unnamed).result == first.result
    assert len(world.nonces.taken) == 1
    assert world.caps.spent == 1


def test_a_numbered_signature_verifies_by_its_nonce(world: World) -> None:
    desk_key(world)
    request = numbered(5)
    result = result_of(world.signing.sign(FakeCall(), request))
    signed = request.payload
    assert isinstance(signed, HyperliquidPayload)

    def verified(nonce: int, shown: int) -> bool:
        payload = dataclasses.replace(signed, nonce=nonce)
        answer = dataclasses.replace(result, nonce=shown)
        asked = VerifyRequest("bot-key", 0, payload, answer)
        return world.verifying.verify(FakeCall(), asked).valid

    assert verified(result.nonce, result.nonce)
    assert verified(result.nonce, 0)
    assert not verified(result.nonce, result.nonce + 1)
    assert not verified(result.nonce + 1, 0)
    with pytest.raises(FieldInvalid):
        verified(0, result.nonce)


def test_what_needs_nothing_takes_nothing(world: World) -> None:
    world.key()
    world.requests.find = _never  # type: ignore[assignment]
    world.approvals.find = _never  # type: ignore[assignment]
    world.signing.sign(FakeCall(), raw())
    world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert world.nonces.taken == []
    assert {entry.nonce for entry in world.audit.entries} == {0}


def _never(*_: object) -> None:
    raise AssertionError("asked for nothing")


def test_a_payload_that_names_its_signer_verifies_under_the_version_that_signed(
    world: World,
) -> None:
    desk_key(world, versions=(VersionState.GRACE, VersionState.PRIMARY))
    request = numbered(named=True, version=1)
    result = result_of(world.signing.sign(FakeCall(), request))
    assert isinstance(request.payload, HyperliquidPayload)
    payload = dataclasses.replace(request.payload, nonce=result.nonce)
    found = world.verifying.verify(FakeCall(), VerifyRequest("bot-key", 0, payload, result))
    assert (found.valid, found.version) == (True, 1)
