from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signward_server.chains.hyperliquid.json_text import JsonRefused, read_object


def nested(depth: int) -> bytes:
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def test_an_object_in_its_order() -> None:
    found = read_object(b' {"type" : "x", "b":[1, -2, true,null, {"A_9": "\\u00e9\xc3\xa9"}]}\n')
    assert list(found) == ["type", "b"]
    assert found == {"type": "x", "b": [1, -2, True, None, {"A_9": "éé"}]}


@pytest.mark.parametrize("number", [-(2**63), -1, 0, 2**32, 2**64 - 1])
def test_numbers(number: int) -> None:
    assert read_object(b'{"a":%d}' % number) == {"a": number}


@pytest.mark.parametrize(
    "text",
    [
        b"1.0",
        b"1.5",
        b"1e3",
        b"1E3",
        b"-0",
        b"-0.0",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"18446744073709551616",
        b"-9223372036854775809",
        b"1" * 21,
        b"9" * 5000,
    ],
)
def test_numbers_that_two_readers_take_for_two(text: bytes) -> None:
    with pytest.raises(JsonRefused, match="Numbers must be"):
        read_object(b'{"a":%s}' % text)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"b":2,"a":3}',
        b'{"b":{"a":1,"a":2}}',
        b'{"b":[{"a":1,"\\u0061":2}]}',
    ],
)
def test_s31_a_key_stands_once(text: bytes) -> None:
    with pytest.raises(JsonRefused, match="twice"):
        read_object(text)


@pytest.mark.parametrize(
    "key", ["", "a b", "a.b", "a-b", "é", "\u0430", "x" * 65, "a\\n", "__\\u200d"]
)
def test_keys(key: str) -> None:
    with pytest.raises(JsonRefused, match="Keys"):
        read_object(f'{{"{key}":1}}'.encode())


@pytest.mark.parametrize(
    "character",
    [
        "\\u0000",
        "\\u001f",
        "\\u007f",
        "\\u200b",
        "\\u202e",
        "\\ud800",
        "\\ue000",
        "\\uffff",
        "\u2028",
    ],
)
def test_text_that_nobody_sees(character: str) -> None:
    with pytest.raises(JsonRefused, match="Text"):
        read_object(f'{{"a":["x{character}"]}}'.encode())


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"{}}",
        b"{} {}",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":1}//',
        b'{"a":"\x01"}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b'{"a":tru}',
        b'{"a":[}',
        b"[" * 8000,
    ],
)
def test_what_is_no_json(text: bytes) -> None:
    with pytest.raises(JsonRefused, match="Must be JSON in UTF-8"):
        read_object(text)


@pytest.mark.parametrize("text", [b"[]", b"1", b'"a"', b"null", b"true"])
def test_what_is_no_object(text: bytes) -> None:
    with pytest.raises(JsonRefused, match="an object"):
        read_object(text)


def test_s31_depth() -> None:
    assert read_object(nested(16))
    with pytest.raises(JsonRefused, match="16 levels"):
        read_object(nested(17))
    with pytest.raises(JsonRefused, match="Must be"):
        read_object(nested(8000))


def test_s31_size() -> None:
    text = b'{"a":"%s"}'
    assert read_object(text % (b"x" * (16_384 - 8)))
    with pytest.raises(JsonRefused, match="16 KiB"):
        read_object(text % (b"x" * (16_384 - 7)))


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else_happens(text: bytes) -> None:
    try:
        found = read_object(text)
    except JsonRefused:
        return
    assert found == json.loads(text)


values = st.recursive(
    st.integers(-(2**63), 2**64 - 1) | st.booleans() | st.none() | st.text("abcé", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_", min_size=1), inner),
    max_leaves=5,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text("abcXYZ019_", min_size=1, max_size=10), values))
def test_what_is_taken_is_what_others_read(expected: dict[str, object]) -> None:
    text = json.dumps(expected, ensure_ascii=False).encode()
    assert read_object(text) == expected
    assert json.dumps(read_object(text)) == json.dumps(expected)
