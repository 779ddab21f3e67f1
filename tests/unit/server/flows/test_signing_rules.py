"""The security rules of the signing path."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from signward_server.core.errors import (
    AuditUnavailable,
    Cancelled,
    CertificateInvalid,
    CustodyUnavailable,
    DeadlineExceeded,
    EnvelopeCorrupt,
    EtagMismatch,
    KeyDisabled,
    KeyNotFound,
    KeyVersionRetired,
    PolicyDenied,
    RequestIdQuota,
    RequestIdReused,
    SignwardError,
    StoreUnavailable,
)
from signward_server.core.keys import CustodyKind, Key, KeyState, VersionState
from signward_server.core.ports import AuditEntry, RequestScope
from signward_server.core.signing import Decoded, Intent, SigningContext, SignResult

from tests.fakes.spine.call import BOT, OTHER, FakeCall
from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.world import World, raw

REMOTE = CustodyKind.AWS_KMS


@pytest.fixture
def world() -> World:
    return World()


def _disabled(key: Key) -> Key:
    return dataclasses.replace(key, state=KeyState.DISABLED)


def _rotated(key: Key, old: VersionState) -> Key:
    (version,) = key.versions
    fresh = dataclasses.replace(version, version=2)
    end = version.create_time + timedelta(days=30)
    replaced = dataclasses.replace(version, state=old, grace_end_time=end)
    return dataclasses.replace(key, primary_version=2, versions=(fresh, replaced))


class _Meanwhile:
    """A caller check during which another worker changes the key."""

    def __init__(self, world: World, *changes: Key) -> None:
        self._world = world
        self._changes = list(changes)

    def __call__(self, judgement: Judgement) -> bool:
        if judgement.action == "SignRaw" and self._changes:
            self._world.catalogue.put(self._changes.pop(0))
        return True


def test_s11_a_key_that_is_disabled_after_the_decision_does_not_sign(world: World) -> None:
    world.policy.rule = _Meanwhile(world, _disabled(world.key()))
    with pytest.raises(KeyDisabled):
        world.signing.sign(FakeCall(), raw())
    assert world.custody.asked == []
    assert world.caps.spent == 0


def test_s34_a_key_that_is_disabled_while_it_signs_is_wiped_and_gives_nothing(world: World) -> None:
    disabled = _disabled(world.key())
    world.custody.before_sign = lambda _: world.catalogue.put(disabled)
    with pytest.raises(KeyDisabled):
        world.signing.sign(FakeCall(), raw())
    assert len(world.custody.asked) == 1
    assert world.custody.forgotten == [disabled.id]


def test_s11_a_changed_key_is_judged_again_but_counted_once(world: World) -> None:
    key = world.key()
    relabelled = dataclasses.replace(key, labels={"desk": "b"})
    world.policy.rule = _Meanwhile(world, relabelled)
    world.signing.sign(FakeCall(), raw(request_id="r1"))
    judged = [j.key.labels for j in world.policy.judged if j.action == "SignRaw" and j.key]
    assert judged == [{}, {"desk": "b"}]
    assert world.custody.asked[0][1].key.labels == {"desk": "b"}
    assert (world.caps.spent, world.caps.reserved) == (1, 1)
    assert len(world.limits.admitted) == 1


def test_s11_the_policy_may_refuse_what_the_key_has_become(world: World) -> None:
    changed = dataclasses.replace(world.key(), owner="cn:other")
    meanwhile = _Meanwhile(world, changed)

    def rule(judgement: Judgement) -> bool:
        assert judgement.key is not None
        return meanwhile(judgement) and judgement.key.owner == "cn:bot"

    world.policy.rule = rule
    with pytest.raises(KeyNotFound):  # it may not even view it any more
        world.signing.sign(FakeCall(), raw())
    assert world.custody.asked == []


@pytest.mark.parametrize("state", [VersionState.GRACE, VersionState.RETIRED])
def test_s11_after_a_rotation_meanwhile_the_new_primary_version_signs(
    world: World, state: VersionState
) -> None:
    world.policy.rule = _Meanwhile(world, _rotated(world.key(), state))
    assert world.signing.sign(FakeCall(), raw()).version == 2
    assert [asked.version.version for _, asked in world.custody.asked] == [2]


def test_s11_a_rotation_meanwhile_leaves_a_version_that_is_named(world: World) -> None:
    world.policy.rule = _Meanwhile(world, _rotated(world.key(), VersionState.GRACE))
    assert world.signing.sign(FakeCall(), raw(version=1)).version == 1


def test_s33_a_rotation_meanwhile_leaves_the_version_of_a_request_id(world: World) -> None:
    rotated = _rotated(world.key(), VersionState.GRACE)
    world.custody.before_sign = lambda _: world.catalogue.put(rotated)
    assert world.signing.sign(FakeCall(), raw(request_id="r1")).version == 1


def test_s11_a_version_that_is_retired_meanwhile_does_not_sign(world: World) -> None:
    world.policy.rule = _Meanwhile(world, _rotated(world.key(), VersionState.RETIRED))
    with pytest.raises(KeyVersionRetired):
        world.signing.sign(FakeCall(), raw(version=1))
    assert world.custody.asked == []


@pytest.mark.parametrize("together", [False, True], ids=["alone", "together"])
@pytest.mark.parametrize("state", [VersionState.GRACE, VersionState.RETIRED])
def test_s24_a_rotation_while_it_is_signed_has_the_new_version_sign_again(
    world: World, state: VersionState, *, together: bool
) -> None:
    rotated = _rotated(world.key(), state)
    left = iter([rotated])

    def rotate(_: SigningContext) -> None:
        for key in left:
            world.catalogue.put(key)

    world.custody.before_sign = rotate
    if together:
        (answer,) = world.signing.sign_each(FakeCall(), [raw()])
    else:
        answer = world.signing.sign(FakeCall(), raw())
    assert isinstance(answer, SignResult)
    assert answer.version == 2
    assert [asked.version.version for _, asked in world.custody.asked] == [1, 2]
    assert world.custody.forgotten == ["bot-key"]
    assert (world.caps.reserved, world.caps.spent) == (1, 1)
    assert [entry.version for entry in world.audit.entries] == [2]


def test_s35_a_rotation_while_it_is_signed_elsewhere_leaves_what_was_announced(
    world: World,
) -> None:
    rotated = _rotated(world.key(custody=REMOTE), VersionState.GRACE)
    world.remote.before_sign = lambda _: world.catalogue.put(rotated)
    assert world.signing.sign(FakeCall(), raw()).version == 1
    assert [entry.version for entry in (*world.audit.announced, *world.audit.entries)] == [1, 1]


def test_s13_a_grace_that_ends_before_the_signature_refuses_it(world: World) -> None:
    world.key(versions=(VersionState.GRACE, VersionState.PRIMARY))

    def wait(judgement: Judgement) -> bool:
        if judgement.intent is not None:
            world.clock.advance(31 * 24 * 3600)
        return True

    world.policy.rule = wait
    with pytest.raises(KeyVersionRetired):
        world.signing.sign(FakeCall(), raw(version=1))
    assert world.custody.asked == []
    assert world.audit.outcomes == ["KEY_VERSION_RETIRED"]


def test_s13_a_grace_that_ends_while_it_is_signed_discards_the_signature(world: World) -> None:
    world.key(versions=(VersionState.GRACE, VersionState.PRIMARY))
    world.custody.before_sign = lambda _: world.clock.advance(31 * 24 * 3600)
    with pytest.raises(KeyVersionRetired):
        world.signing.sign(FakeCall(), raw(version=1))
    assert len(world.custody.asked) == 1
    assert world.custody.forgotten == ["bot-key"]


def test_s11_a_key_that_never_rests_is_given_up(world: World) -> None:
    world.policy.rule = _Meanwhile(world, *[world.key()] * 100)
    with pytest.raises(EtagMismatch):
        world.signing.sign(FakeCall(), raw())
    assert world.custody.asked == []
    assert world.caps.spent == 0


def test_s11_a_key_that_vanishes_or_turns_corrupt_meanwhile(world: World) -> None:
    world.key()

    def vanish(judgement: Judgement) -> bool:
        if judgement.action == "SignRaw":
            world.catalogue.drop("bot-key")
        return True

    world.policy.rule = vanish
    with pytest.raises(KeyNotFound):
        world.signing.sign(FakeCall(), raw())

    world.key()

    def corrupt(judgement: Judgement) -> bool:
        if judgement.action == "SignRaw":
            world.catalogue.corrupt.add("bot-key")
        return True

    world.policy.rule = corrupt
    with pytest.raises(EnvelopeCorrupt):
        world.signing.sign(FakeCall(), raw())
    assert world.caps.spent == 0


def test_s11_a_remote_signature_is_judged_again_before_it_leaves(world: World) -> None:
    key = world.key(custody=REMOTE)

    def disable(context: SigningContext) -> None:
        world.catalogue.put(_disabled(key))

    world.remote.before_sign = disable
    with pytest.raises(KeyDisabled):
        world.signing.sign(FakeCall(), raw())
    assert world.audit.outcomes == ["KEY_DISABLED"]
    assert world.caps.spent == 1  # a signature may have left the process


def test_s12_the_policy_sees_the_total_with_this_request(world: World) -> None:
    world.key()
    world.signing.sign(FakeCall(), raw())
    world.signing.sign(FakeCall(), raw())
    totals = [j.totals for j in world.policy.judged if j.action == "SignRaw"]
    assert totals == [{"items": 1}, {"items": 2}]


def test_s12_denials_give_the_reservation_back(world: World) -> None:
    world.key()
    world.policy.denied.add("SignRaw")
    for _ in range(3):
        with pytest.raises(PolicyDenied):
            world.signing.sign(FakeCall(), raw())
    assert (world.caps.reserved, world.caps.spent) == (3, 0)


@pytest.mark.parametrize(
    ("custody", "spent"), [(CustodyKind.ENVELOPE, 0), (REMOTE, 1)], ids=["local", "remote"]
)
def test_s12_a_failed_custody_costs_only_where_a_signature_can_have_left(
    world: World, custody: CustodyKind, spent: int
) -> None:
    world.key(custody=custody)
    world.custody.failure = world.remote.failure = CustodyUnavailable()
    with pytest.raises(CustodyUnavailable):
        world.signing.sign(FakeCall(), raw())
    assert world.caps.spent == spent


def test_s12_a_remote_call_that_was_never_made_costs_nothing(world: World) -> None:
    world.key(custody=REMOTE)
    with pytest.raises(DeadlineExceeded):
        world.signing.sign(FakeCall(end=DeadlineExceeded()), raw())
    world.audit.failing = True
    with pytest.raises(AuditUnavailable):
        world.signing.sign(FakeCall(), raw())
    assert world.remote.asked == []
    assert world.caps.spent == 0


def test_s33_a_retry_gets_the_same_answer_and_is_free(world: World) -> None:
    world.key()
    first = world.signing.sign(FakeCall(), raw(request_id="r1"))
    again = world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert again.result == first.result
    assert world.caps.spent == 1


def test_s33_a_retry_uses_the_version_of_the_first_use(world: World) -> None:
    key = world.key()
    first = world.signing.sign(FakeCall(), raw(request_id="r1"))
    world.catalogue.put(_rotated(key, VersionState.GRACE))
    again = world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert (again.version, again.result) == (1, first.result)
    assert world.signing.sign(FakeCall(), raw(request_id="r2")).version == 2


def test_s33_a_retry_is_refused_when_its_version_has_gone(world: World) -> None:
    key = world.key()
    world.signing.sign(FakeCall(), raw(request_id="r1"))
    world.catalogue.put(_rotated(key, VersionState.RETIRED))
    with pytest.raises(KeyVersionRetired):
        world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert world.caps.spent == 1


def test_s33_a_retry_passes_key_state_and_policy_again(world: World) -> None:
    key = world.key()
    world.signing.sign(FakeCall(), raw(request_id="r1"))
    world.policy.denied.add("SignRaw")
    with pytest.raises(PolicyDenied):
        world.signing.sign(FakeCall(), raw(request_id="r1"))
    world.policy.denied.clear()
    world.catalogue.put(_disabled(key))
    with pytest.raises(KeyDisabled):
        world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert world.caps.spent == 1


def test_s33_a_first_use_that_failed_stays_charged_so_that_its_retry_is_paid(
    world: World,
) -> None:
    world.key()
    world.custody.failure = CustodyUnavailable()
    with pytest.raises(CustodyUnavailable):
        world.signing.sign(FakeCall(), raw(request_id="r1"))
    world.custody.failure = None
    world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert world.caps.spent == 1


@pytest.mark.parametrize(
    "other",
    [raw(b"other", request_id="r1"), raw(version=1, request_id="r1")],
    ids=["message", "version"],
)
def test_s33_other_content_is_refused_and_costs_nothing(world: World, other: object) -> None:
    world.key()
    world.signing.sign(FakeCall(), raw(request_id="r1"))
    with pytest.raises(RequestIdReused):
        world.signing.sign(FakeCall(), other)  # type: ignore[arg-type]
    assert world.caps.spent == 1
    assert len(world.custody.asked) == 1


def test_s33_other_identities_methods_and_keys_have_request_ids_of_their_own(
    world: World,
) -> None:
    world.key()
    world.key("second")
    world.signing.sign(FakeCall(), raw(b"1", request_id="r1"))
    world.signing.sign(FakeCall(OTHER), raw(b"2", request_id="r1"))
    world.signing.sign(FakeCall(method="/other"), raw(b"3", request_id="r1"))
    world.signing.sign(FakeCall(), raw(b"4", key="second", request_id="r1"))
    method = FakeCall().method
    assert set(world.requests.known) == {
        RequestScope(str(BOT), method, "bot-key", "r1"),
        RequestScope(str(OTHER), method, "bot-key", "r1"),
        RequestScope(str(BOT), "/other", "bot-key", "r1"),
        RequestScope(str(BOT), method, "second", "r1"),
    }


def test_s33_a_denied_request_leaves_no_claim(world: World) -> None:
    world.key()
    world.policy.denied.add("SignRaw")
    with pytest.raises(PolicyDenied):
        world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert world.requests.known == {}


def test_s33_a_request_after_its_deadline_leaves_no_claim(world: World) -> None:
    world.key()
    with pytest.raises(DeadlineExceeded):
        world.signing.sign(FakeCall(end=DeadlineExceeded()), raw(request_id="r1"))
    assert world.requests.known == {}
    assert world.custody.asked == []


def test_s33_when_the_quota_is_full_new_requests_are_refused(world: World) -> None:
    world.key()
    world.requests.quota = 1
    world.signing.sign(FakeCall(), raw(request_id="r1"))
    with pytest.raises(RequestIdQuota):
        world.signing.sign(FakeCall(), raw(request_id="r2"))
    world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert world.caps.spent == 1


@pytest.mark.parametrize("end", [DeadlineExceeded(), Cancelled(), CertificateInvalid()])
def test_nothing_is_signed_after_the_end_of_a_call(world: World, end: SignwardError) -> None:
    world.key()
    with pytest.raises(type(end)):
        world.signing.sign(FakeCall(end=end), raw())
    assert world.custody.asked == []
    assert world.audit.outcomes == [end.reason]
    assert world.caps.spent == 0


class _Pair:
    """A chain whose payload takes two signatures."""

    def __init__(self, world: World) -> None:
        self._chain = next(iter(world.chains.values()))
        self.purposes = self._chain.purposes
        self.payload_type = self._chain.payload_type

    def decode(self, payload: object, key: object, now_ms: int) -> Decoded:
        decoded = self._chain.decode(payload, key, now_ms)  # type: ignore[arg-type]
        return Decoded(Intent("SignRaw", {}), (b"1", b"2"), decoded.hash)


def test_nothing_is_signed_after_the_end_of_a_call_between_two_messages(world: World) -> None:
    world.key()
    pair = _Pair(world)
    world.chains[pair.payload_type] = pair  # type: ignore[assignment]
    with pytest.raises(DeadlineExceeded):
        world.signing.sign(FakeCall(lives=1, end=DeadlineExceeded()), raw())
    assert [message for message, _ in world.custody.asked] == [b"1"]
    assert world.limits.admitted[0][3] == 2


def test_s35_what_leaves_the_process_is_announced_first(world: World) -> None:
    world.key(custody=REMOTE)
    announced: list[AuditEntry] = []
    world.remote.before_sign = lambda context: announced.extend(world.audit.announced)
    signed = world.signing.sign(FakeCall(), raw())
    (entry,) = announced
    assert (entry.action, entry.version) == ("SignRaw", 1)
    assert entry.signed_digest == signed.signed_bytes_digest
    assert world.audit.outcomes == ["OK"]


def test_s35_nothing_leaves_the_process_unannounced(world: World) -> None:
    world.key(custody=REMOTE)
    world.audit.failing = True
    with pytest.raises(AuditUnavailable):
        world.signing.sign(FakeCall(), raw())
    assert world.remote.asked == []


def test_s35_what_became_of_it_is_a_record_of_its_own_even_if_it_failed(world: World) -> None:
    world.key(custody=REMOTE)
    world.remote.failure = CustodyUnavailable()
    with pytest.raises(CustodyUnavailable):
        world.signing.sign(FakeCall(), raw())
    assert world.audit.outcomes == ["CUSTODY_UNAVAILABLE"]
    assert world.audit.writes == [1]  # recorded, and not only counted
    world.audit.losing = True
    with pytest.raises(CustodyUnavailable):
        world.signing.sign(FakeCall(), raw())


def test_s35_what_stays_in_the_process_is_not_announced(world: World) -> None:
    world.key()
    world.signing.sign(FakeCall(), raw())
    assert world.audit.announced == []


def test_a_request_id_that_cannot_be_remembered_signs_nothing(world: World) -> None:
    world.key()

    def unwritable(*_: object) -> None:
        raise StoreUnavailable

    world.requests.claim = unwritable  # type: ignore[assignment,method-assign]
    with pytest.raises(StoreUnavailable):
        world.signing.sign(FakeCall(), raw(request_id="r1"))
    assert world.custody.asked == []
    assert world.caps.spent == 1  # it may be remembered all the same, and its retry is free then
