from __future__ import annotations

import string
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from signward_server.core.api_key_secrets import is_secret, make_secret

_PRINTABLE = string.digits + string.ascii_letters + string.punctuation
_RANDOM = bytes(range(32))


def _reference(random: bytes) -> str:
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase

    def base62(number: int, length: int) -> str:
        return "".join(digits[number // 62**place % 62] for place in range(length - 1, -1, -1))

    body = "signward_" + base62(int.from_bytes(random, "big"), 43)
    return body + base62(zlib.crc32(body.encode()), 6)


@given(st.binary(min_size=32, max_size=32))
@example(bytes(32))
@example(b"\xff" * 32)
def test_a_secret_has_a_prefix_its_random_bytes_and_their_checksum(random: bytes) -> None:
    secret = make_secret(random)
    assert secret == _reference(random)
    assert len(secret) == 9 + 43 + 6


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_different_bytes_have_different_secrets(one: bytes, two: bytes) -> None:
    assert (make_secret(one) == make_secret(two)) == (one == two)


@given(st.binary(max_size=80).filter(lambda data: len(data) != 32))
def test_a_secret_takes_32_bytes(random: bytes) -> None:
    with pytest.raises(ValueError, match="32"):
        make_secret(random)


@given(st.randoms(use_true_random=False))
def test_what_is_made_is_a_secret(random: object) -> None:
    assert is_secret(make_secret(random.randbytes(32)).encode())  # type: ignore[attr-defined]


@given(st.integers(9, 57), st.sampled_from(string.digits + string.ascii_letters))
def test_a_changed_character_is_noticed(place: int, other: str) -> None:
    secret = make_secret(_RANDOM)
    changed = secret[:place] + other + secret[place + 1 :]
    assert is_secret(changed.encode()) == (changed == secret)


@given(st.integers(0, 57))
def test_a_truncated_secret_is_none(length: int) -> None:
    secret = make_secret(_RANDOM)
    assert not is_secret(secret[:length].encode()) or not secret[:length].startswith("signward_")
    if length >= 9:
        assert not is_secret(secret[:length].encode())


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"signward_",
        make_secret(_RANDOM).encode() + b"A",
        make_secret(_RANDOM).encode() + b"\n",
        b"signward_" + b"a brown fox and much else that is long and varied enough"[:49],
        b"signward_" + b"-" * 49,
        make_secret(bytes(32)).encode()[:-6] + b"000000",
        b"abcdefghijklmnopqrstuvw",  # 23
        b"abcdefghi" * 10,  # nine different ones
        b"abcdefghij klmnopqrstuvwxyz",
        b"abcdefghij\tklmnopqrstuvwxyz",
        b"abcdefghij\0klmnopqrstuvwxyz",
        b"abcdefghij\x7fklmnopqrstuvwxyz",
        "abcdefghijklmnopqrstuvwxyzä".encode(),
        b"abcdefghijklmnopqrstuvwxyz\n",
        (string.ascii_letters * 10)[:513].encode(),
    ],
)
def test_what_is_malformed_is_no_secret(text: bytes) -> None:
    assert not is_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        b"abcdefghijklmnopqrstuvwx",
        (string.ascii_letters * 10)[:512].encode(),
        b"Signward_is_not_the_prefix_of_ours",
        b"sk-live:4eC39HqLyjWDarjtT1zdp7dc!",
    ],
)
def test_what_was_brought_along_must_only_be_long_and_varied(text: bytes) -> None:
    assert is_secret(text)


@given(st.binary(max_size=600) | st.text(_PRINTABLE, max_size=600).map(str.encode))
def test_nothing_else_is_a_secret(text: bytes) -> None:
    wanted = (
        24 <= len(text) <= 512
        and all(0x21 <= byte <= 0x7E for byte in text)
        and len(set(text)) >= 10
        and not text.startswith(b"signward_")
    )
    assert is_secret(text) == wanted or text.startswith(b"signward_")
