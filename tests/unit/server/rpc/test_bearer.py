"""The secret of a call, or why there is none to be taken."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signward_server.core.errors import ApiKeyInvalid
from signward_server.rpc.bearer import secret_of

SECRET = "signward_0123456789"  # noqa: S105


@pytest.mark.parametrize(
    "metadata",
    [
        (("authorization", f"Bearer {SECRET}"),),
        (("authorization", f"bearer {SECRET}"),),
        (("authorization", f"BEARER   {SECRET}  "),),
        (("x-api-key", SECRET),),
        (("user-agent", "x"), ("x-api-key", SECRET), ("traceparent", "y")),
    ],
)
def test_a_secret_comes_in_one_of_two_places(metadata: tuple[tuple[str, str], ...]) -> None:
    assert secret_of(metadata) == SECRET


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("user-agent", "x"), ("api-key", SECRET), ("x-api-key-bin", b"x")),
        (("proxy-authorization", f"Bearer {SECRET}"),),
    ],
)
def test_without_either_there_is_none(metadata: tuple[tuple[str, str | bytes], ...]) -> None:
    assert secret_of(metadata) is None


@pytest.mark.parametrize(
    "metadata",
    [
        (("authorization", ""),),
        (("authorization", SECRET),),
        (("authorization", "Bearer"),),
        (("authorization", "Bearer "),),
        (("authorization", f"Bearer\t{SECRET}"),),
        (("authorization", f" Bearer {SECRET}"),),
        (("authorization", f"Basic {SECRET}"),),
        (("authorization", f"Bearer {SECRET}".encode()),),
        (("x-api-key", ""),),
        (("x-api-key", SECRET.encode()),),
        (("x-api-key", SECRET), ("x-api-key", SECRET)),
        (("authorization", f"Bearer {SECRET}"), ("authorization", f"Bearer {SECRET}")),
        (("authorization", f"Bearer {SECRET}"), ("x-api-key", SECRET)),
        (("x-api-key", SECRET), ("authorization", "Basic eDp5")),
    ],
)
def test_s03_what_is_malformed_or_ambiguous_is_refused(
    metadata: tuple[tuple[str, str | bytes], ...],
) -> None:
    with pytest.raises(ApiKeyInvalid) as raised:
        secret_of(metadata)
    assert SECRET not in repr(raised.value)


_NAMES = st.sampled_from(["authorization", "x-api-key", "Authorization", "user-agent", "te"])
_TEXTS = st.one_of(
    st.text(max_size=30),
    st.binary(max_size=10),
    st.text(max_size=20).map(lambda text: f"Bearer {text}"),
)


@settings(max_examples=500)
@given(st.lists(st.tuples(_NAMES, _TEXTS), max_size=4))
def test_s03_whatever_comes_there_is_one_secret_none_or_a_refusal(
    metadata: list[tuple[str, str | bytes]],
) -> None:
    carried = [text for name, text in metadata if name in ("authorization", "x-api-key")]
    try:
        secret = secret_of(metadata)
    except ApiKeyInvalid:
        assert carried
        return
    if secret is None:
        assert carried == []
    else:
        (text,) = carried
        assert isinstance(text, str)
        assert secret in text
        assert secret
