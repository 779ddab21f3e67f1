"""The enums of the core have the numbers of the API."""

from __future__ import annotations

import enum

import pytest
from google.protobuf.descriptor import EnumDescriptor
from signward.v1 import resources_pb2, sign_service_pb2
from signward_server.core import keys, payloads

RESOURCES = resources_pb2.DESCRIPTOR.enum_types_by_name
SIGNING = sign_service_pb2.DESCRIPTOR.enum_types_by_name

PAIRS = [
    (keys.Algorithm, RESOURCES["Algorithm"]),
    (keys.CustodyKind, RESOURCES["Custody"]),
    (keys.Purpose, RESOURCES["Purpose"]),
    (keys.KeyState, RESOURCES["KeyState"]),
    (keys.VersionState, RESOURCES["KeyVersionState"]),
    (keys.Freeze, RESOURCES["Freeze"]),
    (payloads.Hash, SIGNING["Hash"]),
]


@pytest.mark.parametrize(
    ("ours", "theirs"), PAIRS, ids=lambda value: getattr(value, "__name__", "")
)
def test_numbers_are_those_of_the_api(ours: type[enum.IntEnum], theirs: EnumDescriptor) -> None:
    names = {value.number: value.name for value in theirs.values}
    zero = names.pop(0)
    prefix = zero.removesuffix("UNSPECIFIED")
    mine = {member.value: prefix + member.name for member in ours if member.value}
    assert mine == names


def test_no_enum_of_the_api_is_left_out() -> None:
    compared = {descriptor.full_name for _, descriptor in PAIRS}
    assert compared == {e.full_name for e in (*RESOURCES.values(), *SIGNING.values())}


def test_numbers_hash_as_integers() -> None:
    assert hash(keys.Algorithm.ED25519) == hash(1)
    assert {keys.CustodyKind.ENVELOPE: "x"}[keys.CustodyKind(1)] == "x"
