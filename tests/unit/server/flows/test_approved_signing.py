"""Signatures that a policy lets a caller have only with somebody else's approval (S15)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from signward_server.core.errors import (
    AuditUnavailable,
    CustodyUnavailable,
    PolicyDenied,
    RateLimited,
    SignwardError,
    SpendLimit,
    StoreUnavailable,
)
from signward_server.core.identity import Identity
from signward_server.core.keys import Algorithm, CustodyKind, Purpose
from signward_server.core.payloads import Hash, HyperliquidPayload
from signward_server.core.ports import Approval
from signward_server.core.signing import SignRequest, SignResult

from tests.fakes.spine.call import BOT, OTHER, FakeCall
from tests.fakes.spine.judges import FakeGeneration, Judgement
from tests.fakes.spine.numbered import NumberedChain, numbered
from tests.fakes.spine.world import World, raw

SEND = numbered(100, kind="send")
OPS = "cn:ops"
HOUR = timedelta(hours=1)


def only_approved(judgement: Judgement) -> bool:
    return judgement.action not in {"SignTestSend", "SignRawDigest"} or judgement.approved


@pytest.fixture
def world() -> World:
    world = World(restricted=frozenset({"SignTestSend", "SignRawDigest"}))
    world.chains[HyperliquidPayload] = NumberedChain()
    world.key(algorithm=Algorithm.ECDSA_SECP256K1, purpose=Purpose.HYPERLIQUID)
    world.policy.rule = only_approved
    return world


def refused(world: World, request: SignRequest = SEND, identity: Identity = BOT) -> bytes:
    """Ask, be refused, and return the digest that could be approved."""
    with pytest.raises(PolicyDenied) as caught:
        world.signing.sign(FakeCall(identity), request)
    return bytes.fromhex(caught.value.metadata["approval_digest"])


def approve(world: World, digest: bytes, approver: str = OPS, life: timedelta = HOUR) -> None:
    world.approvals.give(Approval(digest, approver, world.onward.now() + life))


def test_s15_an_approved_action_is_signed_once(world: World) -> None:
    digest = refused(world)
    approve(world, digest)
    world.signing.sign(FakeCall(), SEND)
    (refusal, signed) = world.audit.entries
    assert refusal.note == signed.note == f"approval_digest {digest.hex()}"
    assert (refusal.approver, signed.approver) == ("", OPS)
    assert refused(world) == digest
    assert len(world.custody.asked) == 1


def test_no_store_is_asked_where_no_policy_asks_for_an_approval(world: World) -> None:
    digest = refused(world)
    approve(world, digest)
    world.approvals.failing = True
    world.policy.generation = FakeGeneration("plain", frozenset({"SignTestSend"}))
    with pytest.raises(PolicyDenied) as caught:
        world.signing.sign(FakeCall(), SEND)
    assert "approval_digest" not in caught.value.metadata
    world.approvals.failing = False
    world.policy.replace()
    world.signing.sign(FakeCall(), SEND)


def test_s15_nobody_approves_what_they_ask_for_themselves(world: World) -> None:
    digest = refused(world)
    approve(world, digest, approver=str(BOT))
    assert refused(world) == digest
    world.signing.sign(FakeCall(OTHER), SEND)  # it is a second identity's word for others


def test_s15_an_approval_ends(world: World) -> None:
    approve(world, refused(world), life=timedelta(minutes=10))
    world.clock.advance(600)
    refused(world)


@pytest.mark.parametrize(
    "other",
    [
        numbered(101, kind="send"),
        numbered(100, kind="send", text="x"),
        numbered(100, kind="send", key="second"),
        numbered(100, kind="send", nonce=1_000_000_000_000),
        numbered(100, 1, kind="send"),
    ],
    ids=["amount", "text", "key", "nonce", "more"],
)
def test_s15_an_approval_is_for_nothing_else(world: World, other: SignRequest) -> None:
    world.key("second", algorithm=Algorithm.ECDSA_SECP256K1, purpose=Purpose.HYPERLIQUID)
    digest = refused(world)
    approve(world, digest)
    assert refused(world, other) != digest
    assert digest in world.approvals.open


def test_s15_of_two_askers_one_signs(world: World) -> None:
    approve(world, refused(world))

    def ask(identity: Identity) -> SignResult | SignwardError:
        (outcome,) = world.signing.sign_each(FakeCall(identity), [SEND])
        return outcome

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(ask, [BOT, OTHER] * 4))
    signed = [outcome for outcome in outcomes if isinstance(outcome, SignResult)]
    denied = [outcome for outcome in outcomes if isinstance(outcome, PolicyDenied)]
    assert (len(signed), len(denied)) == (1, 7)
    assert world.caps.spent == 1


def test_s15_whoever_is_too_late_for_an_approval_is_denied(world: World) -> None:
    approve(world, refused(world))
    world.approvals.stolen = True
    refused(world)
    assert world.custody.asked == []
    assert world.caps.spent == 0
    assert world.audit.entries[-1].decision == "deny"


def test_an_approval_that_is_lost_harms_nothing_that_needs_none(world: World) -> None:
    approve(world, refused(world))
    world.policy.rule = lambda _: True
    world.approvals.stolen = True
    world.signing.sign(FakeCall(), SEND)
    assert world.audit.entries[-1].approver == ""


def test_s15_of_two_items_in_a_batch_one_signs(world: World) -> None:
    approve(world, refused(world))
    outcomes = list(world.signing.sign_each(FakeCall(), [SEND, SEND]))
    assert isinstance(outcomes[0], SignResult)
    assert isinstance(outcomes[1], PolicyDenied)


def test_s15_an_approval_is_seen_for_the_restricted_part_of_a_payload(world: World) -> None:
    request = numbered(1, others=("send",))
    digest = refused(world, request)
    approve(world, digest)
    world.signing.sign(FakeCall(), request)
    assert refused(world, request) == digest


def test_what_is_not_restricted_is_not_approved(world: World) -> None:
    world.policy.denied.add("SignTestTrade")
    with pytest.raises(PolicyDenied) as caught:
        world.signing.sign(FakeCall(), numbered())
    assert "approval_digest" not in caught.value.metadata
    assert world.audit.entries[-1].note == ""


def test_what_no_approval_would_permit_names_no_digest(world: World) -> None:
    world.policy.denied.add("SignTestSend")
    with pytest.raises(PolicyDenied) as caught:
        world.signing.sign(FakeCall(), SEND)
    assert "approval_digest" not in caught.value.metadata
    assert world.audit.entries[-1].note == ""


def test_one_part_that_no_approval_would_permit_is_enough(world: World) -> None:
    world.policy.denied.add("SignTestTrade")
    with pytest.raises(PolicyDenied) as caught:
        world.signing.sign(FakeCall(), numbered(1, others=("send",)))
    assert "approval_digest" not in caught.value.metadata


def test_what_is_spent_already_may_be_approved_for_later(world: World) -> None:
    def rule(judgement: Judgement) -> bool:
        if judgement.approved:
            raise SpendLimit(metadata={"limits": "day"})
        return judgement.action != "SignTestSend"

    world.policy.rule = rule
    refused(world)


def test_what_was_approved_and_is_denied_names_no_digest(world: World) -> None:
    approve(world, refused(world))
    world.policy.denied.add("SignTestSend")
    with pytest.raises(PolicyDenied) as caught:
        world.signing.sign(FakeCall(), SEND)
    assert "approval_digest" not in caught.value.metadata
    assert world.approvals.open != {}


def test_s15_a_payload_without_a_nonce_is_approved_by_its_messages(world: World) -> None:
    world.key("raw", algorithm=Algorithm.ECDSA_SECP256K1, allow_digest=True)
    request = raw(b"d" * 32, key="raw", hash_=Hash.PREHASHED)
    approve(world, refused(world, request))
    world.signing.sign(FakeCall(), request)
    refused(world, request)


def test_s33_a_retry_rests_on_the_approval_of_the_first_use(world: World) -> None:
    request = numbered(100, kind="send", request_id="r1")
    digest = refused(world, request)
    approve(world, digest)
    first = world.signing.sign(FakeCall(), request)
    assert world.signing.sign(FakeCall(), request).result == first.result
    assert world.audit.entries[-1].approver == OPS
    refused(world, numbered(100, kind="send", request_id="r2"))
    refused(world, request, OTHER)
    assert world.caps.spent == 1


def test_s33_a_retry_uses_no_second_approval(world: World) -> None:
    request = numbered(100, kind="send", request_id="r1")
    digest = refused(world, request)
    approve(world, digest)
    first = world.signing.sign(FakeCall(), request)
    approve(world, digest)
    assert world.signing.sign(FakeCall(), request).result == first.result
    assert digest in world.approvals.open
    other = world.signing.sign(FakeCall(), numbered(100, kind="send", request_id="r2"))
    assert other.result != first.result


def test_s33_a_first_use_that_failed_has_used_the_approval_for_its_retry(world: World) -> None:
    request = numbered(100, kind="send", request_id="r1")
    approve(world, refused(world, request))
    world.custody.failure = CustodyUnavailable()
    with pytest.raises(CustodyUnavailable):
        world.signing.sign(FakeCall(), request)
    world.custody.failure = None
    assert world.approvals.open == {}
    world.signing.sign(FakeCall(), request)
    assert world.caps.spent == 1


def test_s33_a_crash_between_claim_and_use_costs_one_approval(world: World) -> None:
    request = numbered(100, kind="send", request_id="r1")
    digest = refused(world, request)
    approve(world, digest)
    world.audit.failing = True  # what stops it between the two
    with pytest.raises(AuditUnavailable):
        world.signing.sign(FakeCall(), request)
    assert world.requests.known != {}
    assert digest in world.approvals.open
    world.audit.failing = False
    world.signing.sign(FakeCall(), request)
    assert world.approvals.open == {}
    ((_, nonce),) = world.nonces.taken
    assert world.audit.entries[-1].nonce == nonce


def test_s33_retries_at_once_use_one_approval(world: World) -> None:
    request = numbered(100, kind="send", request_id="r1")
    approve(world, refused(world, request))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: world.signing.sign(FakeCall(), request), range(8)))
    assert len({answer.signed_bytes_digest for answer in answers}) == 1


def test_s15_a_forgotten_request_id_needs_a_new_approval(world: World) -> None:
    request = numbered(100, kind="send", request_id="r1")
    digest = refused(world, request)
    approve(world, digest)
    world.signing.sign(FakeCall(), request)
    world.requests.known.clear()
    assert refused(world, request) == digest
    approve(world, digest)
    world.signing.sign(FakeCall(), request)
    assert world.approvals.open == {}


def test_a_retry_that_was_denied_is_signed_once_somebody_approves(world: World) -> None:
    """A first use that lost its approval to somebody else keeps its nonce."""
    request = numbered(100, kind="send", request_id="r1")
    digest = refused(world, request)
    approve(world, digest)
    world.approvals.stolen = True
    refused(world, request)
    world.approvals.stolen = False
    world.approvals.open.clear()
    refused(world, request)
    approve(world, digest)
    world.signing.sign(FakeCall(), request)
    assert world.audit.entries[-1].nonce == world.nonces.taken[0][1]
    assert world.caps.spent == 1


def test_nothing_is_signed_or_counted_while_approvals_cannot_be_read(world: World) -> None:
    approve(world, refused(world))
    world.approvals.failing = True
    with pytest.raises(StoreUnavailable):
        world.signing.sign(FakeCall(), SEND)
    assert world.nonces.taken == []
    assert world.caps.spent == 0


def test_an_approval_is_not_used_up_by_what_fails_before_it_is_needed(world: World) -> None:
    digest = refused(world)
    approve(world, digest)
    world.limits.refused.add("bot-key")
    with pytest.raises(RateLimited):
        world.signing.sign(FakeCall(), SEND)
    assert digest in world.approvals.open


def test_an_approved_remote_signature_is_announced_with_its_approver(world: World) -> None:
    world.key(
        "far",
        algorithm=Algorithm.ECDSA_SECP256K1,
        purpose=Purpose.HYPERLIQUID,
        custody=CustodyKind.AWS_KMS,
    )
    request = numbered(100, kind="send", key="far")
    approve(world, refused(world, request))
    world.signing.sign(FakeCall(), request)
    assert [entry.approver for entry in world.audit.announced] == [OPS]
