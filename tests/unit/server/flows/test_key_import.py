"""Taking over keys: what is asked, what is checked before the import is used up, and after."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from signward_server.core.errors import (
    AuditUnavailable,
    Cancelled,
    CustodyUnavailable,
    FieldInvalid,
    ImportExpired,
    KeyExists,
    PolicyDenied,
    RequestIdReused,
    SignwardError,
    StoreUnavailable,
)
from signward_server.core.imports import OpenImport
from signward_server.core.keys import Algorithm, CustodyKind, KeyAttributes, Purpose
from signward_server.flows.import_requests import CreateImportParameters, ImportKey
from signward_server.flows.key_requests import CreateKey

from tests.fakes.spine.call import BOT, OTHER, FakeCall
from tests.fakes.spine.world import World

SECRET = bytes(range(32))
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
ASKED = CreateImportParameters(key_id="new", algorithm=Algorithm.ED25519, purpose=Purpose.RAW)


@pytest.fixture
def world() -> World:
    return World()


def _call(**arguments: object) -> FakeCall:
    return FakeCall(method="/signward.v1.KeyService/ImportKey", **arguments)  # type: ignore[arg-type]


def _ask(world: World, call: FakeCall | None = None) -> OpenImport:
    return world.import_parameters.create(call or _call(), ASKED)


def _sealed(found: OpenImport) -> bytes:
    recipient = X25519PublicKey.from_public_bytes(found.wrapping.public_key)
    return SUITE.encrypt(SECRET, recipient, ASKED.terms(found.id, found.identity).info())


def _request(found: OpenImport, wrapped: bytes | None = None, **creation: Any) -> ImportKey:
    attributes = KeyAttributes(
        id="new",
        algorithm=Algorithm.ED25519,
        custody=CustodyKind.ENVELOPE,
        purpose=Purpose.RAW,
    )
    changes = {name: creation.pop(name) for name in ("id", "purpose") if name in creation}
    attributes = dataclasses.replace(attributes, **changes)
    return ImportKey(
        creation=CreateKey(attributes=attributes, **creation),
        import_id=found.id,
        wrapped_key=_sealed(found) if wrapped is None else wrapped,
    )


def test_s23_a_key_is_taken_over(world: World) -> None:
    found = _ask(world)
    request = _request(found, owner="cn:owner", labels={"a": "b"}, unlock_ttl=timedelta(0))
    key = world.key_import.import_key(_call(), request)
    expected = Ed25519PrivateKey.from_private_bytes(SECRET).public_key().public_bytes_raw()
    assert key.versions[0].public_key.raw == expected
    assert (key.owner, key.labels, key.unlock_ttl) == ("cn:owner", {"a": "b"}, timedelta(0))
    assert world.catalogue.get("new") == key
    assert world.custody.created == []
    (wrapped,) = world.custody.imported
    assert wrapped.terms == ASKED.terms(found.id, str(BOT))
    assert (wrapped.wrapping, wrapped.expire_time) == (found.wrapping, found.expire_time)
    assert world.audit.outcomes == ["OK", "OK"]
    assert world.imports.open == {}


def test_s23_the_import_is_used_up_whatever_comes_of_it(world: World) -> None:
    found = _ask(world)
    with pytest.raises(FieldInvalid) as raised:
        world.key_import.import_key(_call(), _request(found, bytes(80)))
    assert [violation.field for violation in raised.value.violations] == ["wrapped_key"]
    with pytest.raises(ImportExpired):
        world.key_import.import_key(_call(), _request(found))
    assert world.catalogue.get("new") is None
    assert world.audit.outcomes == ["OK", "FIELD_INVALID", "IMPORT_EXPIRED"]


@pytest.mark.parametrize("failure", [CustodyUnavailable(), StoreUnavailable()])
def test_s23_the_import_is_used_up_by_failures_too(world: World, failure: SignwardError) -> None:
    found = _ask(world)
    if isinstance(failure, CustodyUnavailable):
        world.custody.failure = failure
    else:
        world.catalogue.failure = failure
    with pytest.raises(type(failure)):
        world.key_import.import_key(_call(), _request(found))
    assert world.imports.open == {}


def test_s23_an_import_for_another_key_is_refused_and_used_up(world: World) -> None:
    for changes in ({"id": "other"}, {"purpose": Purpose.ORDER}):
        found = _ask(world)
        with pytest.raises(FieldInvalid) as raised:
            world.key_import.import_key(_call(), _request(found, **changes))
        assert [violation.field for violation in raised.value.violations] == ["import_id"]
        assert world.imports.open == {}
    assert world.custody.imported == []


def test_s23_another_identity_finds_nothing_and_uses_nothing_up(world: World) -> None:
    found = _ask(world)
    with pytest.raises(ImportExpired):
        world.key_import.import_key(_call(identity=OTHER), _request(found))
    assert world.imports.open == {found.id: found}
    assert world.key_import.import_key(_call(), _request(found)).id == "new"


def test_s23_an_import_ends_after_ten_minutes(world: World) -> None:
    found = _ask(world)
    assert found.expire_time - world.clock.now() == timedelta(minutes=10)
    world.clock.advance(600)
    with pytest.raises(ImportExpired):
        world.key_import.import_key(_call(), _request(found))


def test_what_is_refused_before_leaves_the_import(world: World) -> None:
    found = _ask(world)
    with pytest.raises(FieldInvalid):
        world.key_import.import_key(_call(), _request(found, unlock_ttl=timedelta(days=2)))
    world.policy.denied.add("ImportKey")
    with pytest.raises(PolicyDenied):
        world.key_import.import_key(_call(), _request(found))
    world.policy.denied.clear()
    with pytest.raises(Cancelled):
        world.key_import.import_key(_call(end=Cancelled()), _request(found))
    world.key("new")
    with pytest.raises(KeyExists):
        world.key_import.import_key(_call(), _request(found))
    world.catalogue.drop("new")
    assert world.key_import.import_key(_call(), _request(found)).id == "new"


def test_s08_the_policy_judges_the_key_as_requested(world: World) -> None:
    found = _ask(world)
    world.key_import.import_key(_call(), _request(found, owner="cn:other", labels={"d": "b"}))
    asked, judgement = world.policy.judged
    assert (asked.action, asked.key) == ("CreateImportParameters", None)
    assert judgement.action == "ImportKey"
    assert judgement.key is not None
    assert (judgement.key.owner, judgement.key.labels) == ("cn:other", {"d": "b"})


def test_s33_the_same_request_gets_the_same_key(world: World) -> None:
    found = _ask(world)
    request = _request(found, request_id="r1")
    key = world.key_import.import_key(_call(), request)
    assert world.key_import.import_key(_call(), request) == key
    for other in (
        dataclasses.replace(request, wrapped_key=_sealed(found)),
        dataclasses.replace(request, import_id="im_other"),
        dataclasses.replace(request, creation=dataclasses.replace(request.creation, user_id="u")),
    ):
        with pytest.raises(RequestIdReused):
            world.key_import.import_key(_call(), other)


def test_only_to_validate_uses_nothing_up(world: World) -> None:
    found = _ask(world)
    draft = world.key_import.import_key(_call(), _request(found, b"", validate_only=True))
    assert (draft.id, draft.versions) == ("new", ())
    assert world.imports.open == {found.id: found}
    with pytest.raises(FieldInvalid):
        world.key_import.import_key(
            _call(), _request(found, b"", validate_only=True, purpose=Purpose.ORDER)
        )
    assert world.imports.open == {found.id: found}
    world.clock.advance(600)
    with pytest.raises(ImportExpired):
        world.key_import.import_key(_call(), _request(found, b"", validate_only=True))
    assert world.catalogue.get("new") is None


def test_nothing_is_done_that_cannot_be_recorded(world: World) -> None:
    found = _ask(world)
    world.audit.failing = True
    with pytest.raises(AuditUnavailable):
        world.key_import.import_key(_call(), _request(found))
    assert world.imports.open == {found.id: found}
