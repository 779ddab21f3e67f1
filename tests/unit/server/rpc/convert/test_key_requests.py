from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2
from signward_server.core.errors import FieldInvalid
from signward_server.core.keys import Algorithm, CustodyKind, Purpose
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.key_requests import create_key, key_filter, update_key


def _creation(**changes: object) -> pb.CreateKeyRequest:
    fields: dict[str, object] = {
        "key_id": "new",
        "algorithm": resources_pb2.ALGORITHM_ED25519,
        "custody": resources_pb2.CUSTODY_ENVELOPE,
        "purpose": resources_pb2.PURPOSE_RAW,
    }
    return pb.CreateKeyRequest(**(fields | changes))  # type: ignore[arg-type]


def _update(*paths: str, **fields: object) -> pb.UpdateKeyRequest:
    return pb.UpdateKeyRequest(key_id="k", update_mask=FieldMask(paths=paths), **fields)  # type: ignore[arg-type]


def _named(error: pytest.ExceptionInfo[FieldInvalid]) -> list[str]:
    return [violation.field for violation in error.value.violations]


def test_a_short_creation() -> None:
    request = create_key(_creation())
    attributes = request.attributes
    assert (attributes.id, attributes.algorithm) == ("new", Algorithm.ED25519)
    assert (attributes.custody, attributes.purpose) == (CustodyKind.ENVELOPE, Purpose.RAW)
    assert (attributes.network, attributes.allow_digest) == ("", False)
    assert (request.owner, request.user_id, request.labels) == ("", "", {})
    assert request.unlock_ttl is None
    assert request.grace_period is None
    assert (request.request_id, request.validate_only) == ("", False)


def test_a_full_creation() -> None:
    request = create_key(
        _creation(
            owner="cn:a",
            user_id="u",
            labels={"a": "b"},
            network="testnet",
            vault_address="0xFB6916095CA1DF60BB79CE92CE3EA74C37C5D359",
            unlock_ttl=Duration(),
            grace_period=Duration(seconds=86_400 * 365),
            allow_digest=True,
            request_id="r",
            validate_only=True,
        )
    )
    assert (request.owner, request.user_id, request.labels) == ("cn:a", "u", {"a": "b"})
    assert (request.attributes.network, request.attributes.allow_digest) == ("testnet", True)
    assert request.attributes.vault_address == "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"
    assert (request.unlock_ttl, request.grace_period) == (timedelta(0), timedelta(days=365))
    assert (request.request_id, request.validate_only) == ("r", True)


BAD = {
    "key_id": "No",
    "algorithm": 99,
    "custody": 0,
    "purpose": -1,
    "owner": "bot",
    "user_id": "\n",
    "labels": {"": ""},
    "request_id": "x" * 65,
    "unlock_ttl": Duration(seconds=30 * 86_400 + 1),
    "grace_period": Duration(seconds=86_400 * 365 + 1),
    "vault_address": "0xfb6916095cA1df60bb79ce92ce3ea74c37c5d359",
    "threshold": resources_pb2.Threshold(),
    "aws_kms": pb.AwsKmsOptions(),
}


@pytest.mark.parametrize("field", BAD)
def test_each_bad_field_of_a_creation_is_named(field: str) -> None:
    with pytest.raises(FieldInvalid) as raised:
        create_key(_creation(**{field: BAD[field]}))
    assert _named(raised) == [field]


def test_all_bad_fields_of_a_creation_are_named_at_once() -> None:
    with pytest.raises(FieldInvalid) as raised:
        create_key(_creation(**BAD))
    assert _named(raised) == list(BAD)


def test_an_update_takes_only_what_the_mask_names() -> None:
    fields = {"labels": {"a": "b"}, "owner": "cn:a", "unlock_ttl": Duration(seconds=1)}
    request = update_key(_update("labels", **fields))
    assert request.labels == {"a": "b"}
    assert (request.owner, request.unlock_ttl, request.grace_period) == (None, None, None)
    assert not request.reset_unlock_ttl
    request = update_key(_update("owner", "unlock_ttl", etag="r1", **fields))
    assert (request.owner, request.unlock_ttl) == ("cn:a", timedelta(seconds=1))
    assert (request.labels, request.etag) == (None, "r1")


def test_an_update_back_to_the_defaults() -> None:
    request = update_key(_update("labels", "unlock_ttl", "grace_period"))
    assert (request.labels, request.unlock_ttl, request.reset_unlock_ttl) == ({}, None, True)
    assert request.grace_period == timedelta(days=30)
    zero = update_key(
        _update("unlock_ttl", "grace_period", unlock_ttl=Duration(), grace_period=Duration())
    )
    assert (zero.unlock_ttl, zero.grace_period) == (timedelta(0), timedelta(0))
    assert not zero.reset_unlock_ttl


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (_update(), ["update_mask"]),
        (pb.UpdateKeyRequest(key_id="k"), ["update_mask"]),
        (_update("purpose"), ["update_mask"]),
        (_update("labels", "allow_digest"), ["update_mask"]),
        (_update("labels.app"), ["update_mask"]),
        (_update("owner"), ["owner"]),
        (_update("owner", owner="bot"), ["owner"]),
        (_update("labels", labels={"\0": ""}), ["labels"]),
        (_update("unlock_ttl", unlock_ttl=Duration(seconds=-1)), ["unlock_ttl"]),
        (_update("grace_period", grace_period=Duration(nanos=-1)), ["grace_period"]),
        (pb.UpdateKeyRequest(), ["key_id", "update_mask"]),
    ],
)
def test_each_bad_field_of_an_update_is_named(
    message: pb.UpdateKeyRequest, fields: list[str]
) -> None:
    with pytest.raises(FieldInvalid) as raised:
        update_key(message)
    assert _named(raised) == fields


@given(st.lists(st.text(max_size=12), max_size=4))
def test_any_mask_is_taken_or_named(paths: list[str]) -> None:
    known = {"labels", "owner", "unlock_ttl", "grace_period"}
    message = _update(*paths, owner="cn:a")
    if paths and set(paths) <= known:
        assert update_key(message).key_id == "k"
    else:
        with pytest.raises(FieldInvalid) as raised:
            update_key(message)
        assert _named(raised) == ["update_mask"]


def test_filters() -> None:
    fields = Fields()
    empty = key_filter(fields, pb.ListKeysRequest())
    assert (empty.labels, empty.owner, empty.user_id) == ({}, "", "")
    assert (empty.purpose, empty.custody) == (None, None)
    message = pb.ListKeysRequest(labels={"a": "b"}, owner="cn:a", user_id="u", purpose=2, custody=3)
    full = key_filter(fields, message)
    fields.check()
    assert (full.labels, full.owner, full.user_id) == ({"a": "b"}, "cn:a", "u")
    assert (full.purpose, full.custody) == (Purpose.ORDER, CustodyKind.SHAMIR)


def test_all_bad_parts_of_a_filter_are_named() -> None:
    message = pb.ListKeysRequest(labels={"": ""}, owner="bot", user_id="\0", purpose=99, custody=99)
    fields = Fields()
    key_filter(fields, message)
    with pytest.raises(FieldInvalid) as raised:
        fields.check()
    assert _named(raised) == ["labels", "owner", "user_id", "purpose", "custody"]


@pytest.mark.parametrize(
    ("seconds", "is_fine"),
    [(0, True), (1, False), (3599, False), (3600, True), (3650 * 86_400, True), (-1, False),
     (3650 * 86_400 + 1, False)],
)  # fmt: skip
def test_a_rotation_period_is_none_or_from_an_hour_to_ten_years(
    seconds: int, *, is_fine: bool
) -> None:
    period = Duration(seconds=seconds)
    for convert, message in (
        (create_key, _creation(rotation_period=period)),
        (update_key, _update("rotation_period", rotation_period=period)),
    ):
        if is_fine:
            assert convert(message).rotation_period == timedelta(seconds=seconds)  # type: ignore[operator]
            continue
        with pytest.raises(FieldInvalid) as raised:
            convert(message)  # type: ignore[operator]
        assert _named(raised) == ["rotation_period"]


def test_a_rotation_period_that_is_absent_is_none() -> None:
    assert create_key(_creation()).rotation_period == timedelta(0)
    assert update_key(_update("rotation_period")).rotation_period == timedelta(0)
    assert update_key(_update("labels")).rotation_period is None


def test_the_end_of_a_grace() -> None:
    end = Timestamp(seconds=1_900_000_000)
    request = update_key(_update("grace_end_time", grace_version=3, grace_end_time=end))
    assert request.grace_version == 3
    assert request.grace_end_time == datetime.fromtimestamp(1_900_000_000, UTC)
    at_once = update_key(_update("grace_end_time", grace_version=3))
    assert (at_once.grace_version, at_once.grace_end_time) == (3, None)
    ignored = update_key(_update("labels", grace_version=3, grace_end_time=end))
    assert (ignored.grace_version, ignored.grace_end_time) == (0, None)


def test_the_end_of_a_grace_names_a_version_and_a_time() -> None:
    with pytest.raises(FieldInvalid) as raised:
        update_key(_update("grace_end_time", grace_end_time=Timestamp(nanos=-1)))
    assert _named(raised) == ["grace_version", "grace_end_time"]
