"""Asking for what a private key is sealed to."""

from __future__ import annotations

import dataclasses
import re

import pytest
from signward_server.core.errors import (
    Cancelled,
    CustodyUnavailable,
    FieldInvalid,
    ImportQuota,
    PolicyDenied,
    RequestIdReused,
)
from signward_server.core.keys import Algorithm, Purpose
from signward_server.flows.import_requests import CreateImportParameters

from tests.fakes.spine.call import OTHER, FakeCall
from tests.fakes.spine.world import World

ASKED = CreateImportParameters(
    key_id="new", algorithm=Algorithm.ED25519, purpose=Purpose.RAW, request_id="r1"
)


@pytest.fixture
def world() -> World:
    return World()


def _call(**arguments: object) -> FakeCall:
    method = "/signward.v1.KeyService/CreateImportParameters"
    return FakeCall(method=method, **arguments)  # type: ignore[arg-type]


def test_each_import_has_a_name_and_a_key_of_its_own(world: World) -> None:
    asked = dataclasses.replace(ASKED, request_id="")
    one, two = (world.import_parameters.create(_call(), asked) for _ in range(2))
    assert one.id != two.id
    assert one.wrapping.public_key != two.wrapping.public_key
    assert re.fullmatch("im_[a-z2-7]{24}", one.id)
    assert one.identity == "cn:bot"
    assert world.audit.outcomes == ["OK", "OK"]


def test_s33_the_same_request_gets_the_same_import(world: World) -> None:
    made = world.import_parameters.create(_call(), ASKED)
    assert world.import_parameters.create(_call(), ASKED) == made
    assert world.import_parameters.create(_call(identity=OTHER), ASKED) != made
    with pytest.raises(RequestIdReused):
        world.import_parameters.create(_call(), dataclasses.replace(ASKED, purpose=Purpose.ORDER))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"purpose": Purpose.HEDERA}, ["purpose"]),
        ({"network": "testnet"}, ["network"]),
        ({"algorithm": Algorithm.ECDSA_SECP256K1}, ["algorithm"]),
        ({"purpose": Purpose.HYPERLIQUID}, ["algorithm", "network"]),
    ],
)
def test_what_could_not_be_imported_is_named(changes: dict[str, object], fields: list[str]) -> None:
    world = World()
    for custody in (world.custody, world.remote):
        custody.algorithms = frozenset({Algorithm.ED25519})  # type: ignore[misc]
    with pytest.raises(FieldInvalid) as raised:
        world.import_parameters.create(_call(), dataclasses.replace(ASKED, **changes))  # type: ignore[arg-type]
    assert [violation.field for violation in raised.value.violations] == fields
    assert world.imports.open == {}


def test_who_may_not_gets_none(world: World) -> None:
    world.policy.denied.add("CreateImportParameters")
    with pytest.raises(PolicyDenied):
        world.import_parameters.create(_call(), ASKED)
    world.policy.denied.clear()
    with pytest.raises(Cancelled):
        world.import_parameters.create(_call(end=Cancelled()), ASKED)
    assert world.imports.open == {}


def test_s39_whether_there_is_such_a_key_is_not_told(world: World) -> None:
    world.key("new")
    assert world.import_parameters.create(_call(), ASKED).id


def test_too_many_are_refused(world: World) -> None:
    world.imports.quota = 1
    world.import_parameters.create(_call(), ASKED)
    with pytest.raises(ImportQuota):
        world.import_parameters.create(_call(), dataclasses.replace(ASKED, request_id="r2"))
    assert world.audit.outcomes == ["OK", "IMPORT_QUOTA"]


def test_without_locked_memory_there_is_none(world: World) -> None:
    world.custody.failure = CustodyUnavailable()
    with pytest.raises(CustodyUnavailable):
        world.import_parameters.create(_call(), ASKED)
    assert world.imports.open == {}
