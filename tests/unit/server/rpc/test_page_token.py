from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.errors import FieldInvalid
from signward_server.flows.key_reading import Place
from signward_server.rpc.page_token import (
    decode_page_token,
    decode_place,
    encode_page_token,
    encode_place,
)

ids = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?", fullmatch=True)


@given(ids)
def test_tokens_come_back(key_id: str) -> None:
    token = encode_page_token(key_id)
    assert len(token) <= 1024
    assert decode_page_token(token) == key_id


def test_no_token_is_the_first_page_and_no_page_has_no_token() -> None:
    assert decode_page_token("") == ""
    assert encode_page_token("") == ""


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "!!!!",
        "ümlaut",
        base64.urlsafe_b64encode(b"\x02abc").decode(),
        base64.urlsafe_b64encode(b"\x01\xff\xff").decode(),
        encode_page_token("a" * 128) * 2,
        "A" * 100_000,
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(FieldInvalid) as raised:
        decode_page_token(token)
    assert [violation.field for violation in raised.value.violations] == ["page_token"]


@given(st.builds(Place, st.one_of(st.just(""), ids), st.integers(0, 999_999_999)))
def test_places_come_back(place: Place) -> None:
    token = encode_place(place)
    assert len(token) <= 1024
    assert decode_place(token) == place


def test_the_first_place_and_no_place_have_no_token() -> None:
    assert encode_place(Place()) == encode_place(None) == ""
    assert decode_place("") == Place()


@pytest.mark.parametrize(
    "text", ["/a", "0/a", "-1/a", "01/a", "1e3/a", "1 /a", "9999999999/a", "²/a"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(FieldInvalid) as raised:
        decode_place(encode_page_token(text))
    assert [violation.field for violation in raised.value.violations] == ["page_token"]


@given(st.text(max_size=300))
def test_any_text_is_a_place_or_refused(token: str) -> None:
    with suppress(FieldInvalid):
        assert decode_place(token).skip >= 0


@given(st.text(max_size=300))
def test_any_text_is_a_token_or_refused(token: str) -> None:
    with suppress(FieldInvalid):
        assert len(decode_page_token(token)) <= len(token)
