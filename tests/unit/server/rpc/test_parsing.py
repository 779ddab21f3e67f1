"""Nothing malformed and nothing unknown gets past parsing, and nothing else is raised."""

from __future__ import annotations

from contextlib import suppress

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from signward.v1 import key_service_pb2 as keys
from signward.v1 import sign_service_pb2 as signing
from signward_server.core.errors import FieldInvalid, PayloadMalformed
from signward_server.rpc.parsing import has_unknown_fields, parse, read

UNKNOWN = b"\xf8\x7f\x01"  # field 2047, varint 1
TYPES: list[type[Message]] = [
    signing.SignRequest,
    signing.SignBatchRequest,
    signing.SignStreamRequest,
    signing.VerifyRequest,
    keys.CreateKeyRequest,
    keys.UpdateKeyRequest,
    keys.ListKeysRequest,
]

ITEM = signing.SignRequest(key="k", raw=signing.RawMessage(message=b"x"))


def _field(number: int, content: bytes) -> bytes:
    """Encode a length-delimited field of less than 16 KiB."""
    tag, size = number << 3 | 2, len(content)
    varint = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return (bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])) + varint + content


RAW = ITEM.raw.SerializeToString()
ENTRY = _field(1, b"app") + _field(2, b"bot")


@pytest.mark.parametrize(
    ("message_type", "data"),
    [
        (signing.SignRequest, ITEM.SerializeToString() + UNKNOWN),
        (signing.SignRequest, _field(1, b"k") + _field(10, RAW + UNKNOWN)),
        (signing.SignRequest, _field(12, b"a chain of later") + ITEM.SerializeToString()),
        (signing.SignBatchRequest, _field(1, ITEM.SerializeToString()) + UNKNOWN),
        (signing.SignBatchRequest, _field(1, ITEM.SerializeToString() + UNKNOWN)),
        (signing.SignBatchRequest, _field(1, _field(1, b"k") + _field(10, RAW + UNKNOWN))),
        (signing.SignStreamRequest, _field(4, ITEM.SerializeToString() + UNKNOWN)),
        (signing.SignStreamRequest, _field(2, UNKNOWN)),
        (keys.CreateKeyRequest, _field(7, ENTRY + UNKNOWN)),
        (keys.CreateKeyRequest, _field(13, _field(3, UNKNOWN))),
        (keys.UpdateKeyRequest, _field(2, UNKNOWN)),
    ],
)
def test_an_unknown_field_is_refused_at_any_depth(message_type: type[Message], data: bytes) -> None:
    with pytest.raises(FieldInvalid):
        parse(message_type, data)


def test_known_fields_pass_and_keep_their_values() -> None:
    message = parse(signing.SignRequest, ITEM.SerializeToString())
    assert message == ITEM
    assert not has_unknown_fields(message)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b"garbage",
        ITEM.SerializeToString()[:-1],
        _field(1, b"\xff\xfe"),  # not UTF-8
        b"\x0b",  # a group that does not end
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # a length beyond the data
        bytes(1024),
    ],
)
def test_malformed_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(PayloadMalformed) as raised:
        parse(signing.SignRequest, data)
    assert str(raised.value) == PayloadMalformed.text


def test_100_mib_are_read_or_refused_but_never_crash() -> None:
    size = 100 << 20
    with pytest.raises(PayloadMalformed):
        parse(signing.SignRequest, bytes(size))
    framed = b"\x0a" + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14 & 127 | 128])
    framed += bytes([size >> 21]) + b"k" * size
    assert len(read(signing.SignRequest, framed).key) == size


@given(st.sampled_from(TYPES), st.binary(max_size=200))
def test_any_bytes_give_a_message_or_one_of_our_errors(
    message_type: type[Message], data: bytes
) -> None:
    with suppress(PayloadMalformed, FieldInvalid):
        assert parse(message_type, data) == message_type.FromString(data)


@given(st.integers(0, 60), st.integers(0, 255))
def test_any_changed_byte_of_a_good_request_gives_a_message_or_our_error(
    place: int, byte: int
) -> None:
    data = bytearray(ITEM.SerializeToString() * 3)
    data[place % len(data)] = byte
    with suppress(PayloadMalformed, FieldInvalid):
        parse(signing.SignRequest, bytes(data))
