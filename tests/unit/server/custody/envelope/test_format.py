from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.keys import Algorithm, CustodyKind, KeyAttributes, Purpose
from signward_server.core.public_key import PublicKey
from signward_server.custody.envelope.format import Binding, SealedKey, sealing_kek

PARTS = SealedKey(
    kek_id=b"k" * 16,
    wrap_nonce=b"w" * 12,
    wrapped_key=b"W" * 48,
    seal_nonce=b"s" * 12,
    sealed=b"S" * 48,
)
BLOB = b"signward\x01" + b"k" * 16 + b"w" * 12 + b"W" * 48 + b"s" * 12 + b"S" * 48
ATTRIBUTES = KeyAttributes(
    id="bot",
    algorithm=Algorithm.ED25519,
    custody=CustodyKind.ENVELOPE,
    purpose=Purpose.HEDERA,
    network="main",
)
BINDING = Binding(ATTRIBUTES, 1, PublicKey.ed25519(bytes(range(32))))


def test_the_layout_is_the_documented_one() -> None:
    assert PARTS.encode() == BLOB
    assert SealedKey.parse(BLOB) == PARTS
    assert sealing_kek(BLOB) == b"k" * 16


@pytest.mark.parametrize(
    "blob", [b"", BLOB[:-1], BLOB + b"\x00", BLOB * 1000, b"signward\x01", bytes(145)]
)
def test_another_length_or_start_is_corrupt(blob: bytes) -> None:
    with pytest.raises(EnvelopeCorrupt):
        SealedKey.parse(blob)
    with pytest.raises(EnvelopeCorrupt):
        sealing_kek(blob)


@pytest.mark.parametrize("position", range(9))
def test_another_magic_or_version_is_corrupt(position: int) -> None:
    changed = bytearray(BLOB)
    changed[position] ^= 1
    with pytest.raises(EnvelopeCorrupt):
        SealedKey.parse(bytes(changed))


@given(st.binary(max_size=400))
def test_whatever_parses_is_one_envelope(blob: bytes) -> None:
    try:
        parts = SealedKey.parse(blob)
    except EnvelopeCorrupt:
        return
    assert parts.encode() == blob


@given(st.binary(min_size=136, max_size=136))
def test_encoding_is_the_inverse_of_parsing(rest: bytes) -> None:
    assert SealedKey.parse(BLOB[:9] + rest).encode() == BLOB[:9] + rest


def test_s17_the_associated_data_is_the_documented_one() -> None:
    fields = (
        b"bot",
        (1).to_bytes(8),
        (1).to_bytes(8),
        (3).to_bytes(8),
        (1).to_bytes(8),
        b"main",
        (0).to_bytes(8),
        BINDING.public_key.spki_der,
    )

    def framed(*parts: bytes) -> bytes:
        return b"".join(len(part).to_bytes(4) + part for part in parts)

    assert BINDING.for_secret() == framed(b"signward envelope v1 private half", *fields)
    assert BINDING.for_data_key(b"k" * 16) == framed(
        b"signward envelope v1 data key", b"k" * 16, *fields
    )


def test_s17_every_immutable_attribute_is_bound() -> None:
    bindings = [
        BINDING,
        replace(BINDING, version=2),
        replace(BINDING, public_key=PublicKey.ed25519(bytes(32))),
        *(
            replace(BINDING, attributes=replace(ATTRIBUTES, **change))  # type: ignore[arg-type]
            for change in (
                {"id": "bo"},
                {"algorithm": Algorithm.ECDSA_SECP256K1},
                {"custody": CustodyKind.SHAMIR},
                {"purpose": Purpose.RAW},
                {"network": "test"},
                {"allow_digest": True},
                {"vault_address": "0x" + "ab" * 20},
                {"vault_address": "0x" + "ac" * 20},
            )
        ),
    ]
    for made in (
        [each.for_secret() for each in bindings],
        [each.for_data_key(b"k" * 16) for each in bindings],
    ):
        assert len(set(made)) == len(bindings)


def test_s17_both_layers_and_every_kek_are_told_apart() -> None:
    made = {BINDING.for_secret(), BINDING.for_data_key(b"k" * 16), BINDING.for_data_key(b"l" * 16)}
    assert len(made) == 3


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)


@given(st.lists(st.tuples(TEXT, TEXT, st.integers(0, 2**32)), min_size=2, max_size=6, unique=True))
def test_s17_no_two_bindings_give_the_same_bytes(
    triples: list[tuple[str, str, int]],
) -> None:
    made = [
        Binding(replace(ATTRIBUTES, id=name, network=network), version, BINDING.public_key)
        for name, network, version in triples
    ]
    for one, other in itertools.combinations(made, 2):
        assert one.for_secret() != other.for_secret()
        assert one.for_data_key(b"k" * 16) != other.for_data_key(b"k" * 16)
