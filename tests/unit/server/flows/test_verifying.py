from __future__ import annotations

import dataclasses

import pytest
from signward_server.core.errors import (
    FieldInvalid,
    KeyNotFound,
    KeyPurposeMismatch,
    KeyVersionDestroyed,
    KeyVersionNotFound,
    PayloadUnsupported,
    SignwardError,
)
from signward_server.core.keys import Algorithm, Freeze, KeyState, Purpose, VersionState
from signward_server.core.payloads import Hash, OrderSignature, RawMessage, RawSignature
from signward_server.core.signing import SignRequest, SignResult, VerifyRequest

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World, order, raw

GRACE, PRIMARY = VersionState.GRACE, VersionState.PRIMARY


@pytest.fixture
def world() -> World:
    return World()


def _question(asked: SignRequest, signed: SignResult, version: int = 0) -> VerifyRequest:
    return VerifyRequest(asked.key, version, asked.payload, signed.result)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_signature_of_the_daemon_is_valid(world: World, algorithm: Algorithm) -> None:
    world.key(algorithm=algorithm)
    hash_ = Hash.NONE if algorithm is Algorithm.ED25519 else Hash.KECCAK256
    for request in (raw(hash_=hash_), order(world.order())):
        signed = world.signing.sign(FakeCall(), request)
        found = world.verifying.verify(FakeCall(), _question(request, signed))
        assert (found.valid, found.version, found.reason) == (True, 1, "")


def test_any_version_is_found_but_only_the_named_one_when_one_is_named(world: World) -> None:
    world.key(versions=(GRACE, PRIMARY))
    request = raw(version=1)
    signed = world.signing.sign(FakeCall(), request)
    assert world.verifying.verify(FakeCall(), _question(request, signed)).version == 1
    found = world.verifying.verify(FakeCall(), _question(request, signed, version=2))
    assert (found.valid, found.version) == (False, 0)
    assert "named version" in found.reason


def test_another_message_is_not_valid(world: World) -> None:
    world.key()
    signed = world.signing.sign(FakeCall(), raw(b"one"))
    found = world.verifying.verify(FakeCall(), _question(raw(b"two"), signed))
    assert (found.valid, found.version) == (False, 0)
    assert "any version" in found.reason


def test_a_result_that_contradicts_itself_is_not_valid(world: World) -> None:
    world.key()
    signed = world.signing.sign(FakeCall(), order(world.order()))
    assert isinstance(signed.result, OrderSignature)
    forged = dataclasses.replace(signed.result, signed_bytes=b"{}")
    question = VerifyRequest("bot-key", 0, world.order(), forged)
    found = world.verifying.verify(FakeCall(), question)
    assert not found.valid
    assert found.reason


def test_disabled_frozen_and_retired_keys_still_verify_and_orders_of_any_age(
    world: World,
) -> None:
    key = world.key()
    request = order(world.order())
    signed = world.signing.sign(FakeCall(), request)
    world.clock.advance(86_400 * 365)
    retired = dataclasses.replace(key.versions[0], state=VersionState.RETIRED)
    world.catalogue.put(
        dataclasses.replace(key, state=KeyState.DISABLED, freeze=Freeze.ALL, versions=(retired,))
    )
    assert world.verifying.verify(FakeCall(), _question(request, signed)).valid


def test_a_destroyed_version_verifies_nothing(world: World) -> None:
    key = world.key()
    request = raw()
    signed = world.signing.sign(FakeCall(), request)
    gone = dataclasses.replace(key.versions[0], state=VersionState.DESTROYED)
    world.catalogue.put(dataclasses.replace(key, versions=(gone,)))
    assert not world.verifying.verify(FakeCall(), _question(request, signed)).valid
    with pytest.raises(KeyVersionDestroyed):
        world.verifying.verify(FakeCall(), _question(request, signed, version=1))


QUESTION = VerifyRequest("bot-key", 0, RawMessage(b"x", Hash.NONE), RawSignature(bytes(64), 0, b""))


@pytest.mark.parametrize(
    ("error", "question", "prepare"),
    [
        (KeyNotFound, QUESTION, lambda world: world.catalogue.drop("bot-key")),
        (KeyNotFound, QUESTION, lambda world: world.policy.denied.add("ViewKey")),
        (PayloadUnsupported, QUESTION, lambda world: world.chains.pop(RawMessage)),
        (KeyPurposeMismatch, QUESTION, lambda world: world.key(purpose=Purpose.ORDER)),
        (KeyVersionNotFound, dataclasses.replace(QUESTION, version=7), lambda world: None),
        (
            FieldInvalid,
            dataclasses.replace(QUESTION, payload=RawMessage(b"", Hash.NONE)),
            lambda world: None,
        ),
    ],
)
def test_a_wrong_question_is_an_error(
    world: World, error: type[SignwardError], question: VerifyRequest, prepare: object
) -> None:
    world.key()
    prepare(world)  # type: ignore[operator]
    with pytest.raises(error):
        world.verifying.verify(FakeCall(), question)


def test_verifying_touches_no_custody(world: World) -> None:
    world.key()
    world.verifying.verify(FakeCall(), QUESTION)
    assert world.custody.asked == []
