from __future__ import annotations

import dataclasses
import threading
from datetime import timedelta

import pytest
from signward_server.core.errors import (
    AuditUnavailable,
    Cancelled,
    CustodyUnavailable,
    EnvelopeCorrupt,
    FieldInvalid,
    KeyExists,
    KeyNotFound,
    PolicyDenied,
    RequestIdReused,
    SignwardError,
    StoreUnavailable,
)
from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Freeze,
    KeyAttributes,
    KeyState,
    Purpose,
    VersionState,
)
from signward_server.flows.key_requests import CreateKey

from tests.fakes.spine.call import BOT, OTHER, FakeCall
from tests.fakes.spine.world import World

METHOD = "/signward.v1.KeyService/CreateKey"
ATTRIBUTES = KeyAttributes(
    id="new",
    algorithm=Algorithm.ED25519,
    custody=CustodyKind.ENVELOPE,
    purpose=Purpose.RAW,
)
VAULT = "0x" + "ab" * 20
DIGEST_KEY = dataclasses.replace(ATTRIBUTES, algorithm=Algorithm.ECDSA_SECP256K1, allow_digest=True)


@pytest.fixture
def world() -> World:
    return World()


def _call(**arguments: object) -> FakeCall:
    return FakeCall(method=METHOD, **arguments)  # type: ignore[arg-type]


def test_a_new_key_has_the_defaults(world: World) -> None:
    key = world.creation.create(_call(), CreateKey(attributes=ATTRIBUTES))
    assert key.owner == str(BOT)
    assert (key.state, key.freeze) == (KeyState.ENABLED, Freeze.NONE)
    assert (key.unlock_ttl, key.grace_period) == (None, timedelta(days=30))
    assert (key.primary_version, key.labels, key.user_id) == (1, {}, "")
    assert key.create_time == key.update_time == world.clock.now()
    (version,) = key.versions
    assert (version.version, version.state) == (1, VersionState.PRIMARY)
    assert world.catalogue.get("new") == key


def test_what_is_asked_for_is_kept(world: World) -> None:
    request = CreateKey(
        attributes=DIGEST_KEY,
        owner="spiffe://example.org/desk",
        user_id="customer 7",
        labels={"app": "bot"},
        unlock_ttl=timedelta(0),
        grace_period=timedelta(days=1),
    )
    key = world.creation.create(_call(), request)
    assert key.owner == "spiffe://example.org/desk"
    assert (key.user_id, key.labels) == ("customer 7", {"app": "bot"})
    assert (key.unlock_ttl, key.grace_period) == (timedelta(0), timedelta(days=1))
    assert key.allow_digest
    assert isinstance(world.custody.created[0], KeyAttributes)


def _attributes(**changes: object) -> KeyAttributes:
    return dataclasses.replace(ATTRIBUTES, **changes)  # type: ignore[arg-type]


def _hyperliquid(**changes: object) -> KeyAttributes:
    pinned = {
        "algorithm": Algorithm.ECDSA_SECP256K1,
        "purpose": Purpose.HYPERLIQUID,
        "network": "testnet",
    }
    return _attributes(**pinned | changes)


@pytest.mark.parametrize(
    ("attributes", "fields"),
    [
        (_attributes(custody=CustodyKind.FROST), {"custody"}),
        (_attributes(purpose=Purpose.HEDERA), {"purpose"}),
        (_attributes(network="testnet"), {"network"}),
        (_attributes(allow_digest=True), {"allow_digest"}),
        (dataclasses.replace(DIGEST_KEY, purpose=Purpose.ORDER), {"allow_digest"}),
        (
            _attributes(custody=CustodyKind.FROST, purpose=Purpose.HEDERA, allow_digest=True),
            {"custody", "purpose", "allow_digest"},
        ),
    ],
)
def test_s26_every_attribute_that_does_not_fit_is_named(
    world: World, attributes: KeyAttributes, fields: set[str]
) -> None:
    with pytest.raises(FieldInvalid) as raised:
        world.creation.create(_call(), CreateKey(attributes=attributes))
    assert {violation.field for violation in raised.value.violations} == fields
    assert world.audit.outcomes == ["FIELD_INVALID"]
    assert world.custody.created == []


@pytest.mark.parametrize("network", ["mainnet", "testnet"])
def test_a_hyperliquid_key_is_pinned_to_network_and_vault(world: World, network: str) -> None:
    asked = _hyperliquid(network=network, vault_address=VAULT)
    key = world.creation.create(_call(), CreateKey(attributes=asked))
    assert (key.network, key.vault_address) == (network, VAULT)
    assert world.custody.created[0].vault_address == VAULT
    assert world.catalogue.get("new") == key


@pytest.mark.parametrize(
    ("attributes", "fields"),
    [
        (_hyperliquid(network=""), {"network"}),
        (_hyperliquid(network="Mainnet"), {"network"}),
        (_hyperliquid(network="previewnet"), {"network"}),
        (_hyperliquid(algorithm=Algorithm.ED25519), {"algorithm"}),
        (_attributes(vault_address=VAULT), {"vault_address"}),
        (_hyperliquid(allow_digest=True), {"allow_digest"}),
    ],
)
def test_what_a_hyperliquid_key_must_be_is_named(
    world: World, attributes: KeyAttributes, fields: set[str]
) -> None:
    with pytest.raises(FieldInvalid) as raised:
        world.creation.create(_call(), CreateKey(attributes=attributes))
    assert {violation.field for violation in raised.value.violations} == fields
    assert world.custody.created == []


def test_s33_another_vault_is_another_request() -> None:
    plain, one = _hyperliquid(), _hyperliquid(vault_address=VAULT)
    two = _hyperliquid(vault_address="0x" + "cd" * 20)
    assert len({CreateKey(attributes=each).content() for each in (plain, one, two)}) == 3


def test_an_algorithm_that_the_custody_does_not_make_is_named(world: World) -> None:
    world.custody.algorithms = frozenset({Algorithm.ECDSA_SECP256K1})  # type: ignore[misc]
    with pytest.raises(FieldInvalid) as raised:
        world.creation.create(_call(), CreateKey(attributes=ATTRIBUTES))
    assert [violation.field for violation in raised.value.violations] == ["algorithm"]


def test_validate_only_makes_nothing(world: World) -> None:
    request = CreateKey(attributes=ATTRIBUTES, validate_only=True)
    draft = world.creation.create(_call(), request)
    assert (draft.id, draft.owner, draft.versions) == ("new", str(BOT), ())
    assert world.catalogue.get("new") is None
    assert world.custody.created == []


def test_validate_only_says_what_creation_would_say(world: World) -> None:
    world.key("new")
    request = CreateKey(attributes=ATTRIBUTES, validate_only=True)
    with pytest.raises(KeyExists):
        world.creation.create(_call(), request)
    world.policy.denied.add("CreateKey")
    with pytest.raises(PolicyDenied):
        world.creation.create(_call(), request)


def test_s08_the_policy_judges_the_key_as_requested(world: World) -> None:
    request = CreateKey(attributes=ATTRIBUTES, owner="cn:other", labels={"desk": "b"})
    world.creation.create(_call(), request)
    (judgement,) = world.policy.judged
    assert judgement.action == "CreateKey"
    assert judgement.key is not None
    assert (judgement.key.owner, judgement.key.labels) == ("cn:other", {"desk": "b"})


def test_s39_a_denied_caller_does_not_learn_that_a_key_exists(world: World) -> None:
    world.key("new")
    world.policy.denied.add("CreateKey")
    for key_id in ("new", "free"):
        request = CreateKey(attributes=dataclasses.replace(ATTRIBUTES, id=key_id))
        with pytest.raises(PolicyDenied):
            world.creation.create(_call(), request)


def test_an_id_is_used_once(world: World) -> None:
    world.creation.create(_call(), CreateKey(attributes=ATTRIBUTES))
    with pytest.raises(KeyExists):
        world.creation.create(_call(), CreateKey(attributes=ATTRIBUTES))
    assert len(world.custody.created) == 1


def test_s33_a_retry_gets_the_key_that_was_made(world: World) -> None:
    request = CreateKey(attributes=ATTRIBUTES, request_id="r1")
    key = world.creation.create(_call(), request)
    assert world.creation.create(_call(), request) is key
    assert len(world.custody.created) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"attributes": DIGEST_KEY},
        {"owner": "cn:other"},
        {"user_id": "u"},
        {"labels": {"a": "b"}},
        {"unlock_ttl": timedelta(0)},
        {"grace_period": timedelta(0)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_s33_other_content_is_refused(world: World, change: dict[str, object]) -> None:
    request = CreateKey(attributes=ATTRIBUTES, request_id="r1")
    world.creation.create(_call(), request)
    with pytest.raises(RequestIdReused):
        world.creation.create(
            _call(),
            dataclasses.replace(request, **change),  # type: ignore[arg-type]
        )


def test_s33_a_request_id_is_the_identitys_own(world: World) -> None:
    request = CreateKey(attributes=ATTRIBUTES, request_id="r1")
    world.creation.create(_call(), request)
    with pytest.raises(KeyExists):
        world.creation.create(_call(identity=OTHER), request)


def test_s33_a_retry_shows_nothing_that_the_caller_may_not_view(world: World) -> None:
    request = CreateKey(attributes=ATTRIBUTES, request_id="r1")
    world.creation.create(_call(), request)
    world.policy.denied.add("ViewKey")
    with pytest.raises(KeyNotFound):
        world.creation.create(_call(), request)


def test_s33_a_retry_is_judged_again(world: World) -> None:
    request = CreateKey(attributes=ATTRIBUTES, request_id="r1")
    world.creation.create(_call(), request)
    world.policy.replace("CreateKey")
    with pytest.raises(PolicyDenied):
        world.creation.create(_call(), request)


@pytest.mark.parametrize("told", [True, False])
def test_s39_a_retry_whose_key_was_damaged_says_so_to_whoever_may_know(
    world: World, told: bool
) -> None:
    request = CreateKey(attributes=ATTRIBUTES, request_id="r1")
    world.creation.create(_call(), request)
    world.catalogue.corrupt.add("new")
    if not told:
        world.policy.replace("GetCustodyStatus")
    with pytest.raises(EnvelopeCorrupt if told else KeyExists):
        world.creation.create(_call(), request)
    assert len(world.custody.created) == 1


@pytest.mark.parametrize("failure", [CustodyUnavailable(), StoreUnavailable()])
def test_a_failed_creation_leaves_no_key(world: World, failure: SignwardError) -> None:
    if isinstance(failure, CustodyUnavailable):
        world.custody.failure = failure
    else:
        world.catalogue.failure = failure
    with pytest.raises(type(failure)):
        world.creation.create(_call(), CreateKey(attributes=ATTRIBUTES))
    assert world.catalogue.get("new") is None
    assert world.audit.outcomes == [failure.reason]


def test_nothing_is_made_for_a_caller_who_has_gone(world: World) -> None:
    with pytest.raises(Cancelled):
        world.creation.create(_call(end=Cancelled()), CreateKey(attributes=ATTRIBUTES))
    assert world.custody.created == []


def test_a_custody_that_vanishes_during_the_check_makes_nothing(world: World) -> None:
    def vanish(judgement: object) -> bool:
        world.custodies.clear()
        return True

    world.policy.rule = vanish
    with pytest.raises(CustodyUnavailable):
        world.creation.create(_call(), CreateKey(attributes=ATTRIBUTES))


def test_every_attempt_is_recorded(world: World) -> None:
    world.creation.create(_call(), CreateKey(attributes=ATTRIBUTES))
    with pytest.raises(KeyExists):
        world.creation.create(_call(), CreateKey(attributes=ATTRIBUTES))
    made, refused = world.audit.entries
    assert (made.action, made.key, made.outcome, made.call.method) == (
        "CreateKey",
        "new",
        "OK",
        METHOD,
    )
    assert (refused.outcome, refused.call.identity) == ("KEY_EXISTS", BOT)
    world.audit.failing = True
    with pytest.raises(AuditUnavailable):
        world.creation.create(_call(), CreateKey(attributes=DIGEST_KEY))
    assert len(world.custody.created) == 1


def test_of_two_at_once_one_makes_the_key(world: World) -> None:
    barrier = threading.Barrier(2, timeout=10)
    create = world.custody.create

    def create_together(attributes: KeyAttributes, version: int) -> object:
        barrier.wait()
        return create(attributes, version)

    world.custody.create = create_together  # type: ignore[assignment,method-assign]
    outcomes: list[str] = []

    def run(call: FakeCall) -> None:
        try:
            world.creation.create(call, CreateKey(attributes=ATTRIBUTES))
        except KeyExists as error:
            outcomes.append(error.reason)
        else:
            outcomes.append("OK")

    threads = [threading.Thread(target=run, args=(_call(identity=who),)) for who in (BOT, OTHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(outcomes) == ["KEY_EXISTS", "OK"]


def test_s19_a_key_asks_for_no_more_unlock_time_than_the_daemon_allows(world: World) -> None:
    asked = CreateKey(attributes=ATTRIBUTES, unlock_ttl=timedelta(days=1, seconds=1))
    with pytest.raises(FieldInvalid) as raised:
        world.creation.create(FakeCall(METHOD), asked)
    assert [violation.field for violation in raised.value.violations] == ["unlock_ttl"]
    allowed = dataclasses.replace(asked, unlock_ttl=timedelta(days=1))
    assert world.creation.create(FakeCall(METHOD), allowed).unlock_ttl == timedelta(days=1)
