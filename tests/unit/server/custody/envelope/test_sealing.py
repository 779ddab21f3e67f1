from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.keys import Algorithm, CustodyKind, KeyAttributes, Purpose
from signward_server.core.public_key import PublicKey
from signward_server.custody.envelope import Kek, LocalKeyFile, sealing_kek
from signward_server.custody.envelope.format import Binding, SealedKey
from signward_server.custody.envelope.sealing import Envelopes
from signward_server.custody.memory import LockedMemory, Slot
from signward_server.custody.native import Native

Take = Callable[[], Slot]
Peek = Callable[[Slot], bytes]
Poke = Callable[[Slot, bytes], None]
BINDING = Binding(
    KeyAttributes(
        id="bot",
        algorithm=Algorithm.ED25519,
        custody=CustodyKind.ENVELOPE,
        purpose=Purpose.RAW,
        network="main",
    ),
    3,
    PublicKey.ed25519(bytes(range(32))),
)
SECRET = b"s" * 32


@pytest.fixture
def envelopes(native: Native, kek: Kek) -> Envelopes:
    return Envelopes(native.sodium, kek)


@pytest.fixture
def sealed(envelopes: Envelopes, taken: Take, poke: Poke) -> Iterator[bytes]:
    with taken() as slot, taken() as scratch:
        poke(slot, SECRET)
        yield envelopes.seal(slot, scratch, BINDING)


def test_opens_what_it_sealed(
    envelopes: Envelopes, sealed: bytes, kek: Kek, taken: Take, peek: Peek
) -> None:
    slot = taken()
    envelopes.open(sealed, BINDING, slot, taken())
    assert peek(slot) == SECRET + bytes(32)
    assert sealing_kek(sealed) == kek.kek_id


def test_nothing_is_used_twice(envelopes: Envelopes, taken: Take, peek: Peek, poke: Poke) -> None:
    slot, scratches = taken(), [taken() for _ in range(3)]
    poke(slot, SECRET)
    parts = [SealedKey.parse(envelopes.seal(slot, each, BINDING)) for each in scratches]
    nonces = {each.wrap_nonce for each in parts} | {each.seal_nonce for each in parts}
    assert len(nonces | {bytes(12)}) == 7
    assert len({peek(each)[:32] for each in scratches} | {bytes(32)}) == 4
    assert len({each.sealed for each in parts}) == 3


def test_the_private_half_is_under_the_data_key(
    envelopes: Envelopes, taken: Take, peek: Peek, poke: Poke
) -> None:
    slot, scratch = taken(), taken()
    poke(slot, SECRET)
    parts = SealedKey.parse(envelopes.seal(slot, scratch, BINDING))
    cipher = AESGCM(peek(scratch)[:32])
    assert cipher.decrypt(parts.seal_nonce, parts.sealed, BINDING.for_secret()) == SECRET


@pytest.mark.parametrize("position", range(145))
def test_s17_a_flipped_bit_anywhere_is_corrupt(
    envelopes: Envelopes, sealed: bytes, taken: Take, peek: Peek, position: int
) -> None:
    changed = bytearray(sealed)
    changed[position] ^= 1 << (position % 8)
    slot = taken()
    with pytest.raises(EnvelopeCorrupt):
        envelopes.open(bytes(changed), BINDING, slot, taken())
    assert SECRET not in peek(slot)


@given(st.data())
def test_s17_whatever_is_not_the_envelope_is_corrupt(
    native: Native, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    memory = LockedMemory(native.sodium, 4096)
    folder = tmp_path_factory.mktemp("kek", numbered=True)
    kek = LocalKeyFile(folder / "kek", native.sodium).create(memory)
    envelopes = Envelopes(native.sodium, kek)
    slot, scratch = memory.take(), memory.take()
    assert slot is not None
    assert scratch is not None
    blob = envelopes.seal(slot, scratch, BINDING)
    start = data.draw(st.integers(0, len(blob)))
    end = data.draw(st.integers(start, len(blob)))
    changed = blob[:start] + data.draw(st.binary(max_size=200)) + blob[end:]
    if changed != blob:
        with pytest.raises(EnvelopeCorrupt):
            envelopes.open(changed, BINDING, slot, scratch)
    kek.close()
    for each in (slot, scratch):
        each.retire()
    memory.close()


@pytest.mark.parametrize(
    "other",
    [
        replace(BINDING, version=4),
        replace(BINDING, public_key=PublicKey.ed25519(bytes(32))),
        *(
            replace(BINDING, attributes=replace(BINDING.attributes, **change))  # type: ignore[arg-type]
            for change in (
                {"id": "bot2"},
                {"algorithm": Algorithm.ECDSA_SECP256K1},
                {"custody": CustodyKind.FROST},
                {"purpose": Purpose.ORDER},
                {"network": ""},
                {"allow_digest": True},
            )
        ),
    ],
)
def test_s17_other_attributes_do_not_open_it(
    envelopes: Envelopes, sealed: bytes, taken: Take, other: Binding
) -> None:
    with pytest.raises(EnvelopeCorrupt):
        envelopes.open(sealed, other, taken(), taken())


def test_s17_layers_of_two_envelopes_do_not_mix(
    envelopes: Envelopes, sealed: bytes, taken: Take, poke: Poke
) -> None:
    slot = taken()
    poke(slot, b"o" * 32)
    ours, theirs = (
        SealedKey.parse(blob) for blob in (sealed, envelopes.seal(slot, taken(), BINDING))
    )
    for mixed in (
        replace(ours, wrapped_key=theirs.wrapped_key, wrap_nonce=theirs.wrap_nonce),
        replace(ours, sealed=theirs.sealed, seal_nonce=theirs.seal_nonce),
        replace(ours, sealed=ours.wrapped_key, seal_nonce=ours.wrap_nonce),
    ):
        with pytest.raises(EnvelopeCorrupt):
            envelopes.open(mixed.encode(), BINDING, taken(), taken())


def test_another_kek_does_not_open_it(
    native: Native, sealed: bytes, memory: LockedMemory, taken: Take, tmp_path: Path
) -> None:
    other = LocalKeyFile(tmp_path / "other", native.sodium).create(memory)
    for blob in (sealed, replace(SealedKey.parse(sealed), kek_id=other.kek_id).encode()):
        with pytest.raises(EnvelopeCorrupt):
            Envelopes(native.sodium, other).open(blob, BINDING, taken(), taken())
