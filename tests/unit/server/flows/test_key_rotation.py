"""Rotating keys, and activating what a ledger has to know first."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from signward_server.core.errors import (
    AuditUnavailable,
    Cancelled,
    CustodyUnavailable,
    EtagMismatch,
    FieldInvalid,
    KeyNotFound,
    KeyVersionNotFound,
    KeyVersionNotPending,
    KeyVersionPending,
    KeyVersionQuota,
    KeyVersionRetired,
    PolicyDenied,
    RequestIdReused,
    SignwardError,
    StoreUnavailable,
)
from signward_server.core.keys import Freeze, Key, KeyState, Purpose, VersionState
from signward_server.core.version_steps import MOST_VERSIONS
from signward_server.flows.key_requests import RotateKey

from tests.fakes.spine.call import OTHER, FakeCall
from tests.fakes.spine.world import World, raw

METHOD = "/signward.v1.KeyService/RotateKey"
PENDING, PRIMARY, GRACE, RETIRED, SCHEDULED, _ = VersionState
MONTH = timedelta(days=30)
LEDGERS = (Purpose.HEDERA, Purpose.HYPERLIQUID)


@pytest.fixture
def world() -> World:
    return World()


def _call(**arguments: object) -> FakeCall:
    return FakeCall(method=METHOD, **arguments)  # type: ignore[arg-type]


def _states(key: Key | None) -> list[VersionState]:
    """Return the states of its versions, newest first."""
    assert key is not None
    return [version.state for version in key.versions]


def _ask(**fields: object) -> RotateKey:
    return RotateKey(key_id="bot-key", **fields)  # type: ignore[arg-type]


def test_the_new_version_is_primary_and_the_old_one_in_grace(world: World) -> None:
    key = world.key()
    rotation = world.rotation.rotate(_call(), _ask())
    assert _states(rotation.key) == [PRIMARY, GRACE]
    assert rotation.key == world.catalogue.get("bot-key")
    assert (rotation.key.primary_version, rotation.key.revision) == (2, key.revision + 1)
    assert rotation.version is rotation.key.versions[0]
    assert rotation.previous.public_key == key.versions[0].public_key
    assert rotation.previous.grace_end_time == world.clock.now() + key.grace_period
    assert rotation.version.create_time == world.clock.now()
    assert world.catalogue.materials["bot-key", 2] == b"sealed"
    assert world.signing.sign(FakeCall(), raw()).version == 2
    assert world.signing.sign(FakeCall(), raw(version=1)).version == 1


def test_the_record_names_both_public_keys(world: World) -> None:
    world.key()
    rotation = world.rotation.rotate(_call(), _ask())
    (entry,) = world.audit.entries
    assert (entry.action, entry.outcome, entry.version) == ("RotateKey", "OK", 2)
    old, new = (v.public_key.fingerprint.hex() for v in (rotation.previous, rotation.version))
    assert entry.note == f"version 1 {old} to version 2 {new}"
    assert len(entry.note) <= 256


@pytest.mark.parametrize("own", [timedelta(0), MONTH], ids=["own", "given"])
def test_s24_without_a_grace_the_old_version_is_retired_and_wiped_at_once(
    world: World, own: timedelta
) -> None:
    world.catalogue.put(dataclasses.replace(world.key(), grace_period=own))
    request = _ask(grace_period=timedelta(0)) if own else _ask()
    rotation = world.rotation.rotate(_call(), request)
    assert _states(rotation.key) == [PRIMARY, RETIRED]
    assert rotation.previous.grace_end_time == world.clock.now()
    assert world.custody.forgotten == ["bot-key"]
    with pytest.raises(KeyVersionRetired):
        world.signing.sign(FakeCall(), raw(version=1))


def test_s24_it_is_wiped_even_if_that_cannot_be_recorded(world: World) -> None:
    world.key()
    world.audit.losing = True
    with pytest.raises(AuditUnavailable):
        world.rotation.rotate(_call(), _ask(grace_period=timedelta(0)))
    assert world.custody.forgotten == ["bot-key"]
    assert _states(world.catalogue.get("bot-key")) == [PRIMARY, RETIRED]


@pytest.mark.parametrize("change", [{"state": KeyState.DISABLED}, {"freeze": Freeze.ALL}])
def test_a_key_that_signs_nothing_can_be_rotated_and_signs_no_more_for_it(
    world: World, change: dict[str, object]
) -> None:
    world.key(**change)  # type: ignore[arg-type]
    assert _states(world.rotation.rotate(_call(), _ask()).key) == [PRIMARY, GRACE]
    with pytest.raises(SignwardError):
        world.signing.sign(FakeCall(), raw())


def test_numbers_are_never_used_twice(world: World) -> None:
    world.key(versions=(RETIRED, SCHEDULED, PRIMARY, RETIRED))
    assert world.rotation.rotate(_call(), _ask()).version.version == 5


def test_an_etag_of_another_revision_is_refused(world: World) -> None:
    key = world.key()
    world.rotation.rotate(_call(), _ask(etag=key.etag))
    with pytest.raises(EtagMismatch):
        world.rotation.rotate(_call(), _ask(etag=key.etag))
    assert len(world.custody.created) == 1


@pytest.mark.parametrize("etag", [True, False])
def test_a_rotation_that_loses_a_race_is_refused(world: World, *, etag: bool) -> None:
    key = world.key()
    left = iter([key])

    def change() -> None:
        for other in left:
            world.catalogue.put(dataclasses.replace(other, labels={"changed": "meanwhile"}))

    world.catalogue.before_replace = change
    with pytest.raises(EtagMismatch):
        world.rotation.rotate(_call(), _ask(etag=key.etag if etag else "", request_id="r1"))
    assert _states(world.catalogue.get("bot-key")) == [PRIMARY]
    assert world.catalogue.materials == {}
    assert world.audit.outcomes == ["ETAG_MISMATCH"]
    assert world.rotation.rotate(_call(), _ask(request_id="r1")).version.version == 2


# When it is asked again


def test_s33_a_retry_gets_the_same_answer(world: World) -> None:
    key = world.key()
    first = world.rotation.rotate(_call(), _ask(request_id="r1", etag=key.etag))
    again = world.rotation.rotate(_call(), _ask(request_id="r1", etag=key.etag))
    assert again == first
    assert world.rotation.rotate(_call(), _ask(request_id="r1", etag=first.key.etag)) == first
    assert len(world.custody.created) == 1
    assert world.audit.outcomes == ["OK"] * 3


def test_s33_a_late_retry_tells_of_the_same_versions_as_they_are_by_then(world: World) -> None:
    world.key()
    first = world.rotation.rotate(_call(), _ask(request_id="r1"))
    world.rotation.rotate(_call(), _ask())
    world.clock.advance(MONTH.total_seconds() + 1)
    late = world.rotation.rotate(_call(), _ask(request_id="r1"))
    assert (late.version.version, late.previous.version) == (2, 1)
    assert (late.version.state, late.previous.state) == (RETIRED, RETIRED)
    assert late.previous.grace_end_time == first.previous.grace_end_time
    assert late.version.public_key == first.version.public_key


def test_s33_the_same_request_twice_at_once_is_one_rotation(world: World) -> None:
    world.key()
    left = iter([None])

    def twin() -> None:
        for _ in left:
            world.rotation.rotate(_call(), _ask(request_id="r1"))

    world.catalogue.before_replace = twin
    rotation = world.rotation.rotate(_call(), _ask(request_id="r1"))
    assert rotation.version.version == 2
    assert rotation.key == world.catalogue.get("bot-key")
    assert _states(rotation.key) == [PRIMARY, GRACE]


def test_s33_a_request_id_is_bound_to_content_identity_and_key(world: World) -> None:
    world.key()
    world.key("other")
    world.rotation.rotate(_call(), _ask(request_id="r1"))
    with pytest.raises(RequestIdReused):
        world.rotation.rotate(_call(), _ask(request_id="r1", grace_period=timedelta(0)))
    theirs = world.rotation.rotate(_call(identity=OTHER), _ask(request_id="r1"))
    assert theirs.version.version == 3
    other = RotateKey(key_id="other", request_id="r1")
    assert world.rotation.rotate(_call(), other).version.version == 2


@pytest.mark.parametrize(
    ("denied", "error"), [("ViewKey", KeyNotFound), ("RotateKey", PolicyDenied)]
)
def test_s33_a_retry_is_judged_again(world: World, denied: str, error: type[SignwardError]) -> None:
    world.key()
    world.rotation.rotate(_call(), _ask(request_id="r1"))
    world.policy.denied.add(denied)
    with pytest.raises(error):
        world.rotation.rotate(_call(), _ask(request_id="r1"))


# Who may, and what is left when it fails


def test_s39_a_hidden_key_cannot_be_told_by_rotating_it(world: World) -> None:
    world.key()
    world.policy.denied.update({"ViewKey", "RotateKey"})
    for key_id in ("bot-key", "missing"):
        with pytest.raises(KeyNotFound):
            world.rotation.rotate(_call(), RotateKey(key_id=key_id, etag="r9"))
        with pytest.raises(KeyNotFound):
            world.rotation.activate(_call(), key_id, 9)


def test_rotating_takes_a_right_of_its_own(world: World) -> None:
    key = world.key()
    world.policy.denied.add("RotateKey")
    with pytest.raises(PolicyDenied):
        world.rotation.rotate(_call(), _ask(etag="r9"))
    assert world.catalogue.get("bot-key") is key
    assert world.audit.outcomes == ["POLICY_DENIED"]


def test_nothing_is_made_for_a_caller_who_has_gone(world: World) -> None:
    world.key()
    with pytest.raises(Cancelled):
        world.rotation.rotate(_call(end=Cancelled()), _ask())
    assert world.custody.created == []


def test_nothing_changes_if_a_part_fails(world: World) -> None:
    key = world.key()
    world.custody.failure = CustodyUnavailable()
    with pytest.raises(CustodyUnavailable):
        world.rotation.rotate(_call(), _ask())
    world.custody.failure = None
    world.catalogue.failure = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        world.rotation.rotate(_call(), _ask())
    world.custodies.clear()
    with pytest.raises(CustodyUnavailable):
        world.rotation.rotate(_call(), _ask())
    assert world.catalogue.get("bot-key") is key
    world.audit.failing = True
    with pytest.raises(AuditUnavailable):
        world.rotation.rotate(_call(), _ask())


# Purposes that are bound to a ledger


@pytest.mark.parametrize("purpose", LEDGERS)
def test_a_ledger_bound_key_gets_a_pending_version(world: World, purpose: Purpose) -> None:
    key = world.key(purpose=purpose)
    rotation = world.rotation.rotate(_call(), _ask())
    assert _states(rotation.key) == [PENDING, PRIMARY]
    assert rotation.key.primary_version == 1
    assert rotation.previous == key.versions[0]
    answered = world.reading.public_key(_call(), "bot-key", 2)[1]
    assert answered.public_key == rotation.version.public_key  # for its ledger to know


def test_a_newer_rotation_supersedes_what_is_pending(world: World) -> None:
    world.key(purpose=Purpose.HEDERA, versions=(RETIRED, PRIMARY))
    world.rotation.rotate(_call(), _ask())
    rotation = world.rotation.rotate(_call(), _ask())
    assert _states(rotation.key) == [PENDING, RETIRED, PRIMARY, RETIRED]
    with pytest.raises(KeyVersionNotPending):
        world.rotation.activate(_call(), "bot-key", 3)


def test_a_grace_that_has_not_begun_cannot_be_given(world: World) -> None:
    world.key(purpose=Purpose.HEDERA)
    with pytest.raises(FieldInvalid) as raised:
        world.rotation.rotate(_call(), _ask(grace_period=MONTH))
    assert [violation.field for violation in raised.value.violations] == ["grace_period"]


@pytest.mark.parametrize(
    ("grace", "expected"), [(None, GRACE), (MONTH, GRACE), (timedelta(0), RETIRED)]
)
def test_activating_makes_the_pending_version_primary(
    world: World, grace: timedelta | None, expected: VersionState
) -> None:
    key = world.key(purpose=Purpose.HEDERA, versions=(PRIMARY, PENDING))
    stored = world.rotation.activate(_call(), "bot-key", 2, grace)
    assert _states(stored) == [PRIMARY, expected]
    assert stored.primary_version == 2
    end = world.clock.now() + (key.grace_period if grace is None else grace)
    assert stored.versions[1].grace_end_time == end
    assert world.custody.forgotten == ["bot-key"]
    (entry,) = world.audit.entries
    assert (entry.action, entry.version) == ("ActivateKeyVersion", 2)


def test_what_is_pending_does_not_sign_until_then(world: World) -> None:
    world.key(versions=(PRIMARY, PENDING))
    with pytest.raises(KeyVersionPending):
        world.signing.sign(FakeCall(), raw(version=2))
    world.rotation.activate(_call(), "bot-key", 2)
    assert world.signing.sign(FakeCall(), raw()).version == 2


@pytest.mark.parametrize(
    ("number", "error"),
    [(1, KeyVersionNotPending), (2, KeyVersionNotPending), (9, KeyVersionNotFound)],
)
def test_only_what_is_pending_is_activated(
    world: World, number: int, error: type[SignwardError]
) -> None:
    key = world.key(versions=(RETIRED, PRIMARY, PENDING))
    with pytest.raises(error):
        world.rotation.activate(_call(), "bot-key", number)
    assert world.catalogue.get("bot-key") is key


def test_activating_takes_a_right_of_its_own(world: World) -> None:
    world.key(versions=(PRIMARY, PENDING))
    world.policy.denied.add("ActivateKeyVersion")
    with pytest.raises(PolicyDenied):
        world.rotation.activate(_call(), "bot-key", 2)


def test_an_activation_goes_over_other_changes_in_between(world: World) -> None:
    key = world.key(versions=(PRIMARY, PENDING))
    left = iter([dataclasses.replace(key, labels={"changed": "meanwhile"})])
    world.catalogue.before_replace = lambda: [world.catalogue.put(each) for each in left] and None
    stored = world.rotation.activate(_call(), "bot-key", 2)
    assert (_states(stored), stored.labels) == ([PRIMARY, GRACE], {"changed": "meanwhile"})


def test_a_key_with_all_the_versions_that_it_can_have_stays_as_it_is(world: World) -> None:
    key = world.key()
    last = dataclasses.replace(key.versions[0], version=MOST_VERSIONS)
    full = dataclasses.replace(key, primary_version=MOST_VERSIONS, versions=(last,))
    stored = world.catalogue.put(full)
    with pytest.raises(KeyVersionQuota):
        world.rotation.rotate(_call(), _ask())
    assert world.catalogue.get("bot-key") == stored
    assert world.audit.outcomes == ["KEY_VERSION_QUOTA"]
