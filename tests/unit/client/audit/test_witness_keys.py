from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward.audit.errors import NoteError
from signward.audit.verifier_keys import KeyType, parse_verifier_key
from signward.audit.witness_keys import make_witness_key, parse_witness_key

NAME = "witness.example.org/w1"


def test_a_key_is_read_as_it_was_written() -> None:
    key = make_witness_key(NAME)
    again = parse_witness_key(key.text() + "\n")
    assert again == key
    assert again.verifier.type is KeyType.COSIGNATURE
    assert parse_verifier_key(str(key.verifier)) == key.verifier
    key.verifier.require(again.sign(b"message"), b"message")


def test_no_two_keys_are_one() -> None:
    assert make_witness_key(NAME).seed != make_witness_key(NAME).seed


def test_a_key_is_written_as_those_of_go_are() -> None:
    key = parse_witness_key(
        "PRIVATE+KEY+w+" + _id_of_zeros() + "+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )
    assert key.seed == bytes(32)


def _id_of_zeros() -> str:
    from signward.audit.ed25519 import public_key_of
    from signward.audit.verifier_keys import VerifierKey

    return VerifierKey("w", KeyType.COSIGNATURE, public_key_of(bytes(32))).key_id.hex()


def test_a_key_is_not_shown() -> None:
    key = make_witness_key(NAME)
    assert key.seed.hex() not in repr(key)
    assert repr(key.seed) not in repr(key)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_a_name_that_cannot_be_one(name: str) -> None:
    with pytest.raises(NoteError):
        make_witness_key(name)


def _damaged() -> list[str]:
    text = make_witness_key("w").text()
    head, name, key_id, value = text.removeprefix("PRIVATE+").split("+", 3)
    flipped = f"{int(key_id, 16) ^ 1:08x}"
    return [
        "",
        text[:-1],
        text + "A",
        text.removeprefix("PRIVATE+KEY+"),
        f"PRIVATE+{head}+other+{key_id}+{value}",
        f"PRIVATE+{head}+{name}+{flipped}+{value}",
        f"PRIVATE+{head}+{name}+{key_id}+A{value[1:]}",  # of another type
        str(make_witness_key("w").verifier),
    ]


@pytest.mark.parametrize("text", _damaged(), ids=range(8))
def test_what_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(NoteError) as refused:
        parse_witness_key(text)
    assert str(refused.value) == "this is not the private key of a witness"


@given(st.text(max_size=100))
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(NoteError):
        parse_witness_key(text)
    with pytest.raises(NoteError):
        parse_witness_key(f"PRIVATE+KEY+w+00000000+{text}")
