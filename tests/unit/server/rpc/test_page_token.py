from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.errors import FieldInvalid
from signward_server.flows.key_reading import Place
from signward_server.rpc.page_token import PageTokens

from tests.fakes.spine.call import OTHER, FakeCall

ids = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?", fullmatch=True)
places = st.builds(Place, st.one_of(st.just(""), ids), st.integers(0, 999_999_999))

LIST = FakeCall(method="/signward.v1.KeyService/ListKeys")
FILTER = b"\x01" * 32
TOKENS = PageTokens(b"1" * 32)


def _refused(tokens: PageTokens, call: FakeCall, filtered: bytes, token: str) -> None:
    with pytest.raises(FieldInvalid) as raised:
        tokens.decode(call, filtered, token)
    assert [violation.field for violation in raised.value.violations] == ["page_token"]


def _forged(token: str, index: int) -> str:
    data = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    data[index] ^= 1
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@given(places)
def test_places_come_back(place: Place) -> None:
    token = TOKENS.encode(LIST, FILTER, place)
    assert len(token) <= 512
    assert TOKENS.decode(LIST, FILTER, token) == place


def test_no_token_is_the_first_page_and_no_page_has_no_token() -> None:
    assert TOKENS.decode(LIST, FILTER, "") == Place()
    assert TOKENS.encode(LIST, FILTER, None) == ""


@pytest.mark.parametrize(
    "token",
    ["x", "!!!!", "ümlaut", "A" * 100_000, base64.urlsafe_b64encode(b"\x01abc").decode()],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    _refused(TOKENS, LIST, FILTER, token)


@given(places, st.data())
def test_s39_no_bit_of_a_token_can_be_chosen(place: Place, data: st.DataObject) -> None:
    token = TOKENS.encode(LIST, FILTER, place)
    index = data.draw(st.integers(0, len(token) * 3 // 4 - 1))
    _refused(TOKENS, LIST, FILTER, _forged(token, index))


def test_s39_a_token_is_for_its_caller_list_and_filter_alone() -> None:
    token = TOKENS.encode(LIST, FILTER, Place("a", 7))
    other_list = FakeCall(method="/signward.v1.AdminService/ListApiKeys")
    _refused(TOKENS, FakeCall(OTHER, LIST.method), FILTER, token)
    _refused(TOKENS, other_list, FILTER, token)
    _refused(TOKENS, LIST, b"\x02" * 32, token)
    _refused(TOKENS, LIST, b"", token)


def test_a_token_ends_with_the_process() -> None:
    _refused(PageTokens(b"2" * 32), LIST, FILTER, TOKENS.encode(LIST, FILTER, Place("a")))


@given(st.text(max_size=300))
def test_any_text_is_a_place_or_refused(token: str) -> None:
    with suppress(FieldInvalid):
        assert TOKENS.decode(LIST, FILTER, token) == Place()
