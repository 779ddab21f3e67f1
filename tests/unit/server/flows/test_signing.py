"""The signing path: what signs, in which order it is judged, and every refusal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import coincurve
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from signward_server.core.audit_events import AuditEvent, Decision
from signward_server.core.errors import (
    AuditUnavailable,
    CustodyUnavailable,
    EnvelopeCorrupt,
    FieldInvalid,
    FingerprintMismatch,
    Internal,
    KeyDisabled,
    KeyFrozen,
    KeyNotFound,
    KeyPurposeMismatch,
    KeyVersionDestroyed,
    KeyVersionNotFound,
    KeyVersionPending,
    KeyVersionRetired,
    PayloadUnsupported,
    PolicyDenied,
    RateLimited,
    SignwardError,
)
from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Freeze,
    KeyState,
    Purpose,
    VersionState,
)
from signward_server.core.method_classes import MethodClass
from signward_server.core.payloads import Hash, OrderSignature, RawMessage, RawSignature
from signward_server.core.signing import SignRequest

from tests.fakes.spine.call import BOT, FakeCall
from tests.fakes.spine.world import World, order, raw

GRACE, PRIMARY = VersionState.GRACE, VersionState.PRIMARY


@pytest.fixture
def world() -> World:
    return World()


def test_an_ed25519_signature_verifies(world: World) -> None:
    key = world.key()
    signed = world.signing.sign(FakeCall(), raw(b"hello"))
    assert (signed.key, signed.version) == ("bot-key", 1)
    assert (signed.audit_log, signed.audit_sequence) == ("fake", 1)
    assert signed.signed_bytes_digest == hashlib.sha256(b"hello").digest()
    assert isinstance(signed.result, RawSignature)
    public = Ed25519PublicKey.from_public_bytes(key.versions[0].public_key.raw)
    public.verify(signed.result.signature, b"hello")


def test_a_secp256k1_signature_recovers_the_key(world: World) -> None:
    key = world.key(algorithm=Algorithm.ECDSA_SECP256K1)
    result = world.signing.sign(FakeCall(), raw(b"hello", hash_=Hash.SHA256)).result
    assert isinstance(result, RawSignature)
    recoverable = result.signature + bytes([result.recovery_id])
    recovered = coincurve.PublicKey.from_signature_and_message(recoverable, b"hello")
    assert recovered.format() == key.versions[0].public_key.raw


def test_an_order_is_signed_by_order_and_raw_keys(world: World) -> None:
    for purpose in (Purpose.ORDER, Purpose.RAW):
        key = world.key(purpose=purpose)
        signed = world.signing.sign(FakeCall(), order(world.order()))
        assert isinstance(signed.result, OrderSignature)
        assert signed.signed_bytes_digest == hashlib.sha256(signed.result.signed_bytes).digest()
        public = Ed25519PublicKey.from_public_bytes(key.versions[0].public_key.raw)
        public.verify(signed.result.signature, signed.result.signed_bytes)


def test_what_is_signed_is_what_was_judged(world: World) -> None:
    world.key()
    request = order(world.order())
    signed = world.signing.sign(FakeCall(), request)
    (judgement,) = [j for j in world.policy.judged if j.action == "SignOrder"]
    ((message, context),) = world.custody.asked
    assert judgement.intent is not None
    assert judgement.intent.fields["coin"] == "BTC"
    assert isinstance(signed.result, OrderSignature)
    assert message == signed.result.signed_bytes
    assert context.identity == BOT
    assert context.key is judgement.key


def test_the_version_that_is_asked_for_signs(world: World) -> None:
    key = world.key(versions=(GRACE, PRIMARY))
    for number, wanted in ((0, 2), (1, 1), (2, 2)):
        fingerprint = key.versions[2 - wanted].public_key.fingerprint
        request = raw(version=number, fingerprint=fingerprint)
        assert world.signing.sign(FakeCall(), request).version == wanted


def _key(**attributes: object) -> Callable[[World], SignRequest]:
    def prepare(world: World) -> SignRequest:
        world.key(**attributes)  # type: ignore[arg-type]
        return raw()

    return prepare


def _no_key(world: World) -> SignRequest:
    return raw()


def _hidden(world: World) -> SignRequest:
    world.key(state=KeyState.DISABLED, purpose=Purpose.ORDER)
    world.policy.denied.add("ViewKey")
    return raw()


def _corrupt(world: World) -> SignRequest:
    world.catalogue.corrupt.add("bot-key")
    return raw()


def _unknown_payload(world: World) -> SignRequest:
    world.key()
    del world.chains[RawMessage]
    return raw()


def _other_version(world: World) -> SignRequest:
    world.key()
    return raw(version=2)


def _other_fingerprint(world: World) -> SignRequest:
    world.key()
    return raw(fingerprint=bytes(32))


def _bad_payload(world: World) -> SignRequest:
    world.key()
    return raw(hash_=Hash.SHA256)


def _denied(world: World) -> SignRequest:
    world.key()
    world.policy.denied.add("SignRaw")
    return raw()


def _limited(world: World) -> SignRequest:
    world.key()
    world.limits.refused.add("bot-key")
    return raw()


def _no_custody(world: World) -> SignRequest:
    world.key()
    del world.custodies[CustodyKind.ENVELOPE]
    return raw()


def _custody_fails(world: World) -> SignRequest:
    world.key()
    world.custody.failure = CustodyUnavailable()
    return raw()


REFUSALS: list[tuple[type[SignwardError], str, Callable[[World], SignRequest]]] = [
    (KeyNotFound, "Sign", _no_key),
    (KeyNotFound, "Sign", _hidden),
    (EnvelopeCorrupt, "Sign", _corrupt),
    (PayloadUnsupported, "Sign", _unknown_payload),
    (KeyPurposeMismatch, "Sign", _key(purpose=Purpose.ORDER)),
    (KeyDisabled, "Sign", _key(state=KeyState.DISABLED)),
    (KeyFrozen, "Sign", _key(freeze=Freeze.ALL)),
    (KeyVersionNotFound, "Sign", _other_version),
    (KeyVersionPending, "Sign", _key(versions=[VersionState.PENDING])),
    (KeyVersionRetired, "Sign", _key(versions=[VersionState.RETIRED])),
    (KeyVersionDestroyed, "Sign", _key(versions=[VersionState.DESTROY_SCHEDULED])),
    (KeyVersionDestroyed, "Sign", _key(versions=[VersionState.DESTROYED])),
    (FingerprintMismatch, "Sign", _other_fingerprint),
    (FieldInvalid, "Sign", _bad_payload),
    (KeyFrozen, "SignRaw", _key(freeze=Freeze.CANCEL_ONLY)),
    (PolicyDenied, "SignRaw", _denied),
    (RateLimited, "SignRaw", _limited),
    (CustodyUnavailable, "SignRaw", _no_custody),
    (CustodyUnavailable, "SignRaw", _custody_fails),
]


@pytest.mark.parametrize(
    ("error", "action", "prepare"),
    REFUSALS,
    ids=[f"{e.__name__}-{p.__name__}" for e, _, p in REFUSALS],
)
def test_each_refusal_signs_nothing_costs_nothing_and_is_recorded(
    world: World,
    error: type[SignwardError],
    action: str,
    prepare: Callable[[World], SignRequest],
) -> None:
    request = prepare(world)
    with pytest.raises(error) as raised:
        world.signing.sign(FakeCall(), request)
    assert type(raised.value) is error
    assert world.caps.spent == 0
    assert bool(world.custody.asked) == (prepare is _custody_fails)
    (entry,) = world.audit.entries
    assert (entry.outcome, entry.action, entry.key) == (error.reason, action, "bot-key")
    assert entry.signed_digest == b""


def test_every_version_state_either_signs_or_is_refused() -> None:
    for state in VersionState:
        world = World()
        world.key(versions=[state])
        if state in (GRACE, PRIMARY):
            assert world.signing.sign(FakeCall(), raw(version=1)).version == 1
        else:
            with pytest.raises(SignwardError):
                world.signing.sign(FakeCall(), raw(version=1))


def test_s39_the_view_decision_comes_first(world: World) -> None:
    world.key(state=KeyState.DISABLED)
    world.policy.denied.add("ViewKey")
    with pytest.raises(KeyNotFound):
        world.signing.sign(FakeCall(), raw())
    assert [j.action for j in world.policy.judged] == ["ViewKey"]


def test_limits_count_an_item_with_its_key_only_once_it_is_allowed(world: World) -> None:
    world.key()
    world.signing.sign(FakeCall(), raw())
    assert world.limits.admitted == [(BOT, MethodClass.SIGN, "bot-key", 1)]
    world.policy.denied.add("SignRaw")
    with pytest.raises(PolicyDenied):
        world.signing.sign(FakeCall(), raw())
    assert world.limits.admitted[1:] == [(BOT, MethodClass.SIGN, "", 1)]


def test_a_signature_that_cannot_be_recorded_is_not_returned(world: World) -> None:
    world.key()
    world.audit.losing = True
    with pytest.raises(AuditUnavailable):
        world.signing.sign(FakeCall(), raw())
    assert len(world.custody.asked) == 1
    assert world.caps.spent == 0


def test_a_refusal_that_cannot_be_recorded_is_one_all_the_same(world: World) -> None:
    world.audit.failing = True
    with pytest.raises(KeyNotFound):
        world.signing.sign(FakeCall(), raw())


def test_the_record_of_a_signature(world: World) -> None:
    world.key(versions=(GRACE, PRIMARY))
    call = FakeCall()
    signed = world.signing.sign(call, raw(b"x", version=1, request_id="r1"))
    (entry,) = world.audit.entries
    assert (entry.event, entry.call) == (AuditEvent.SIGNATURE, call)
    assert (entry.decision, entry.policies) == (Decision.ALLOW, ("fake.cedar:0",))
    assert (entry.policy_set, entry.intent.action) == ("set-0", "SignRaw")
    assert (entry.purpose, entry.custody) == (Purpose.RAW, CustodyKind.ENVELOPE)
    assert (entry.action, entry.key, entry.version) == ("SignRaw", "bot-key", 1)
    assert (entry.outcome, entry.request_id) == ("OK", "r1")
    assert entry.signed_digest == signed.signed_bytes_digest
    ((concluded, receipt),) = call.conclusions
    assert concluded is entry
    assert (receipt.log, receipt.sequence) == (signed.audit_log, signed.audit_sequence)


def test_the_record_of_a_denial(world: World) -> None:
    world.key()
    world.policy.replace("SignRaw")
    call = FakeCall()
    with pytest.raises(PolicyDenied):
        world.signing.sign(call, raw())
    (entry,) = world.audit.entries
    assert (entry.event, entry.action, entry.key) == (AuditEvent.SIGNATURE, "SignRaw", "bot-key")
    assert (entry.outcome, entry.decision) == ("POLICY_DENIED", Decision.DENY)
    assert (entry.policies, entry.policy_set) == (("fake.cedar:1",), "set-1")
    assert entry.signed_digest == b""
    assert call.conclusions == [(entry, None)]


def test_an_unexpected_error_is_contained_recorded_and_gives_the_reservation_back(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.key()
    world.custody.failure = RuntimeError("SECRET")
    with pytest.raises(Internal) as raised:
        world.signing.sign(FakeCall(), raw())
    assert str(raised.value) == Internal.text
    assert world.audit.outcomes == ["INTERNAL"]
    assert world.caps.spent == 0
    assert "unexpected error" in caplog.text
    assert "SECRET" not in repr([vars(record) for record in caplog.records])
