from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import pytest
from signward.v1 import resources_pb2
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
from signward_server.rpc.convert.key_messages import key_message, public_key_response

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World


@pytest.fixture
def world() -> World:
    return World()


def test_a_key_with_everything(world: World) -> None:
    key = world.key(
        algorithm=Algorithm.ECDSA_SECP256K1,
        allow_digest=True,
        state=KeyState.DISABLED,
        freeze=Freeze.CANCEL_ONLY,
        labels={"a": "b"},
        unlock_ttl=timedelta(seconds=1, microseconds=500_000),
        user_id="u",
    )
    message = key_message(key, with_versions=True)
    assert (message.id, message.owner, message.user_id) == (key.id, key.owner, "u")
    assert message.algorithm == resources_pb2.ALGORITHM_ECDSA_SECP256K1
    assert message.custody == resources_pb2.CUSTODY_ENVELOPE
    assert message.purpose == resources_pb2.PURPOSE_RAW
    assert message.state == resources_pb2.KEY_STATE_DISABLED
    assert message.freeze == resources_pb2.FREEZE_CANCEL_ONLY
    assert dict(message.labels) == {"a": "b"}
    assert (message.allow_digest, message.etag) == (True, key.etag)
    assert message.unlock_ttl.ToTimedelta() == key.unlock_ttl
    assert message.grace_period.ToTimedelta() == timedelta(days=30)
    assert message.create_time.ToDatetime(tzinfo=key.create_time.tzinfo) == key.create_time
    assert message.update_time == message.create_time
    (version,) = message.versions
    public = key.versions[0].public_key
    assert (version.version, version.state) == (1, resources_pb2.KEY_VERSION_STATE_PRIMARY)
    assert version.public_key.raw == public.raw
    assert version.public_key.uncompressed == public.uncompressed
    assert version.public_key.spki_der == public.spki_der
    assert version.public_key.pem == public.pem
    assert version.public_key.fingerprint == public.fingerprint
    assert version.public_key.algorithm == message.algorithm
    assert not version.HasField("grace_end_time")
    assert not version.HasField("destroy_time")


def test_s26_no_ledger_address_is_told(world: World) -> None:
    key = world.key(algorithm=Algorithm.ECDSA_SECP256K1)
    public = key_message(key, with_versions=True).versions[0].public_key
    assert (public.ethereum_address, public.hedera_der) == ("", "")


def test_s26_a_hyperliquid_key_has_an_address_and_its_vault(world: World) -> None:
    key = world.key(algorithm=Algorithm.ECDSA_SECP256K1, purpose=Purpose.HYPERLIQUID)
    vault = "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"
    message = key_message(dataclasses.replace(key, vault_address=vault), with_versions=True)
    assert message.vault_address == "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
    public = message.versions[0].public_key
    assert re.fullmatch("0x[0-9a-fA-F]{40}", public.ethereum_address)
    shown = public_key_response(key, key.versions[0]).public_key
    assert shown.ethereum_address == public.ethereum_address


def test_a_key_without_what_is_not_set(world: World) -> None:
    message = key_message(world.key(), with_versions=False)
    assert not message.HasField("unlock_ttl")
    assert not message.versions
    assert message.primary_version == 1


def test_versions_are_newest_first_and_at_most_ten(world: World) -> None:
    states = [VersionState.RETIRED] * 11 + [VersionState.PRIMARY]
    message = key_message(world.key(versions=states), with_versions=True)
    assert [version.version for version in message.versions] == list(range(12, 2, -1))


def test_times_of_a_version(world: World) -> None:
    key = world.key()
    later = world.clock.now() + timedelta(days=1)
    version = dataclasses.replace(
        key.versions[0], grace_end_time=later, destroy_time=later, backend_ref="arn:aws:kms:x"
    )
    message = key_message(dataclasses.replace(key, versions=(version,)), with_versions=True)
    shown = message.versions[0]
    assert shown.grace_end_time.ToDatetime(tzinfo=later.tzinfo) == later
    assert shown.destroy_time == shown.grace_end_time
    assert shown.backend_ref == "arn:aws:kms:x"


def test_a_draft_has_neither_versions_nor_etag(world: World) -> None:
    attributes = KeyAttributes(
        id="new",
        algorithm=Algorithm.ED25519,
        custody=CustodyKind.ENVELOPE,
        purpose=Purpose.RAW,
    )
    request = CreateKey(attributes=attributes, validate_only=True)
    message = key_message(world.creation.create(FakeCall(), request), with_versions=True)
    assert (message.id, message.etag, message.primary_version) == ("new", "", 0)
    assert not message.versions


def test_a_public_key_response(world: World) -> None:
    key = world.key(versions=(VersionState.GRACE, VersionState.PRIMARY))
    message = public_key_response(key, key.versions[1])
    assert (message.key_id, message.version) == (key.id, 1)
    assert message.state == resources_pb2.KEY_VERSION_STATE_GRACE
    assert message.public_key.raw == key.versions[1].public_key.raw
