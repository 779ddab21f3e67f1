"""Keys survive being rows, and no two of them have the same MAC input."""

from __future__ import annotations

import dataclasses
import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Freeze,
    Key,
    KeyState,
    KeyVersion,
    Purpose,
    VersionState,
)
from signward_server.core.ports import RequestScope
from signward_server.core.public_key import PublicKey
from signward_server.store.canonical import claim_mac_input, mac_input, scope_digest
from signward_server.store.claims import StoredClaim
from signward_server.store.rows import KeyRow, VersionRow, key_from, key_row, version_row
from signward_server.store.schema import key_versions, keys

from tests.fakes.catalogue_keys import catalogue_key, key_version

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
times = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
    max_value=datetime(9999, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
durations = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36500))
public_keys = st.one_of(
    st.binary(min_size=32, max_size=32).map(PublicKey.ed25519),
    st.binary(min_size=64, max_size=64).map(lambda point: PublicKey.secp256k1(b"\4" + point)),
)
key_version_values = st.builds(
    KeyVersion,
    version=st.integers(1, 2**31 - 1),
    state=st.sampled_from(VersionState),
    public_key=public_keys,
    create_time=times,
    backend_ref=texts,
    grace_end_time=st.none() | times,
    destroy_time=st.none() | times,
)
key_values = st.builds(
    Key,
    id=texts,
    algorithm=st.sampled_from(Algorithm),
    custody=st.sampled_from(CustodyKind),
    purpose=st.sampled_from(Purpose),
    network=texts,
    allow_digest=st.booleans(),
    state=st.sampled_from(KeyState),
    freeze=st.sampled_from(Freeze),
    owner=texts,
    user_id=texts,
    labels=st.dictionaries(texts, texts, max_size=4),
    unlock_ttl=st.none() | durations,
    grace_period=durations,
    primary_version=st.integers(1, 2**31 - 1),
    versions=st.lists(key_version_values, max_size=3).map(tuple),
    create_time=times,
    update_time=times,
    revision=st.integers(1, 2**62),
)


def rows_of(key: Key) -> tuple[KeyRow, list[VersionRow]]:
    return key_row(key), [version_row(key.id, version) for version in key.versions]


@given(key_values)
def test_a_key_survives_being_rows(key: Key) -> None:
    assert key_from(*rows_of(key)) == key


@given(key_values, key_values)
@settings(max_examples=50)
def test_different_keys_have_different_mac_inputs(one: Key, other: Key) -> None:
    assert (mac_input(*rows_of(one)) == mac_input(*rows_of(other))) == (one == other)


VAULT = "0x" + "ab" * 20

CHANGES: list[dict[str, Any]] = [
    {"id": "hoT"},
    {"algorithm": Algorithm.ECDSA_SECP256K1},
    {"custody": CustodyKind.FROST},
    {"purpose": Purpose.ORDER},
    {"network": "mainnet"},
    {"allow_digest": True},
    {"state": KeyState.DISABLED},
    {"freeze": Freeze.ALL},
    {"owner": "cn:thief"},
    {"user_id": "7"},
    {"labels": {}},
    {"labels": {"desk": "fx", "app": "taker"}},
    {"unlock_ttl": timedelta(0)},
    {"grace_period": timedelta(days=31)},
    {"rotation_period": timedelta(days=90)},
    {"vault_address": VAULT},
    {"primary_version": 2},
    {"create_time": datetime(2027, 1, 1, tzinfo=UTC)},
    {"update_time": datetime(2027, 1, 1, tzinfo=UTC)},
    {"revision": 2},
    {"versions": ()},
    {"versions": (key_version("hot", 2), key_version("hot"))},
    {"versions": (key_version("hot", 2),)},
    {"versions": (key_version("cold"),)},
    {"versions": (key_version("hot", state=VersionState.RETIRED),)},
    {"versions": (key_version("hot", backend_ref="arn:1"),)},
    {"versions": (key_version("hot", create_time=datetime(2027, 1, 1, tzinfo=UTC)),)},
    {"versions": (key_version("hot", grace_end_time=datetime(1970, 1, 1, tzinfo=UTC)),)},
    {"versions": (key_version("hot", destroy_time=datetime(1970, 1, 1, tzinfo=UTC)),)},
]


@pytest.mark.parametrize("change", CHANGES, ids="-".join)
def test_s17_every_attribute_is_in_the_mac(change: dict[str, Any]) -> None:
    key = catalogue_key("hot")
    changed = dataclasses.replace(key, **change)
    assert mac_input(*rows_of(changed)) != mac_input(*rows_of(key))


def test_s17_the_changes_above_name_every_attribute() -> None:
    of_key = {name for change in CHANGES for name in change}
    assert of_key == {field.name for field in dataclasses.fields(Key)}


def test_text_cannot_move_from_one_column_to_the_next() -> None:
    one = catalogue_key("hot", owner="cn:a", user_id="b")
    other = catalogue_key("hot", owner="cn:ab", user_id="")
    assert mac_input(*rows_of(one)) != mac_input(*rows_of(other))


def test_the_mac_input_of_a_claim_is_that_of_the_format() -> None:
    scope, content = b"s" * 32, b"c" * 32
    row = StoredClaim("cn:bot", content, 3, 5, None, None, 7)
    numbers = b"".join(number.to_bytes(8) for number in (3, 5))
    lengths = b"".join(length.to_bytes(4) for length in (32, 6, 32))
    expected = b"signward.store.claim.v1\0" + numbers + b"\1" + (7).to_bytes(8) + lengths
    assert claim_mac_input(scope, row) == expected + scope + b"cn:bot" + content
    plain = b"signward.store.claim.v1\0" + numbers + b"\0" + bytes(8) + lengths
    assert claim_mac_input(scope, row._replace(nonce=None)) == plain + scope + b"cn:bot" + content


def test_the_mac_input_is_that_of_the_format() -> None:
    version = key_version(
        "hot", grace_end_time=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), backend_ref="r"
    )
    key = catalogue_key("hot", labels={}, versions=(version,))
    expected = b"signward.store.key.v1\0"
    expected += struct.pack(">8q", 1, 1, 1, 0, 1, 1, 1, 1)
    expected += struct.pack(">3q", 1795260615123456, 1795260615123456, 30 * 86400 * 10**6)
    expected += b"\0" + struct.pack(">q", 0)
    expected += struct.pack(">6I", 3, 0, 6, 0, 2, 1) + b"hot" + b"" + b"cn:bot" + b"" + b"{}"
    expected += struct.pack(">3q", 1, 2, 1795260615123456)
    expected += b"\1" + struct.pack(">q", 10**6) + b"\0" + struct.pack(">q", 0)
    expected += struct.pack(">3I", 44, 32, 1)
    expected += version.public_key.spki_der + version.public_key.fingerprint + b"r"
    assert mac_input(*rows_of(key)) == expected


def test_s17_a_vault_stands_before_the_rest_of_the_mac_input() -> None:
    key = catalogue_key("hot", rotation_period=timedelta(microseconds=7))
    plain = mac_input(*rows_of(dataclasses.replace(key, rotation_period=timedelta(0))))
    pinned = mac_input(*rows_of(dataclasses.replace(key, vault_address=VAULT)))
    begin = b"signward.store.key.v3\0" + struct.pack(">qI", 7, 42) + VAULT.encode()
    assert pinned == begin + plain.removeprefix(b"signward.store.key.v1\0")


def test_the_scope_digest_is_that_of_the_format() -> None:
    scope = RequestScope("cn:bot", "/m", "hot", "r1")
    packed = b"signward.store.request.v1\0" + struct.pack(">4I", 6, 2, 3, 2) + b"cn:bot/mhotr1"
    assert scope_digest(scope) == hashlib.sha256(packed).digest()


def test_the_fields_of_the_rows_are_the_columns_in_order() -> None:
    assert list(KeyRow._fields) == list(keys.columns.keys())
    assert list(VersionRow._fields) == list(key_versions.columns.keys())
