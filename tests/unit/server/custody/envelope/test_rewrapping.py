"""Data keys go to another KEK; private halves stay sealed as they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from signward_server.core.errors import CustodyUnavailable, EnvelopeCorrupt
from signward_server.core.public_key import PublicKey
from signward_server.custody.envelope import (
    Kek,
    LocalKeyFile,
    Rewrapping,
    open_digest_key,
    seal_digest_key,
)
from signward_server.custody.envelope.format import Binding, SealedKey
from signward_server.custody.envelope.sealing import Envelopes
from signward_server.custody.memory import LockedMemory, Slot
from signward_server.custody.native import Native

from tests.fakes.keys import attributes

FIXED = attributes()
PUBLIC = PublicKey.ed25519(b"p" * 32)
Take = Callable[[], Slot]
Peek = Callable[[Slot], bytes]
Poke = Callable[[Slot, bytes], None]


@pytest.fixture
def new(native: Native, memory: LockedMemory, tmp_path: Path) -> Iterator[Kek]:
    kek = LocalKeyFile(tmp_path / "new", native.sodium).create(memory)
    yield kek
    kek.close()


@pytest.fixture
def third(native: Native, memory: LockedMemory, tmp_path: Path) -> Iterator[Kek]:
    kek = LocalKeyFile(tmp_path / "third", native.sodium).create(memory)
    yield kek
    kek.close()


@pytest.fixture
def rewrapping(native: Native, memory: LockedMemory, kek: Kek, new: Kek) -> Rewrapping:
    return Rewrapping(native.sodium, memory, kek, new)


@pytest.fixture
def envelope(native: Native, kek: Kek, taken: Take, poke: Poke) -> bytes:
    slot, scratch = taken(), taken()
    poke(slot, b"s" * 32)
    return Envelopes(native.sodium, kek).seal(slot, scratch, Binding(FIXED, 1, PUBLIC))


def opened(native: Native, kek: Kek, blob: bytes, slot: Slot, scratch: Slot) -> None:
    Envelopes(native.sodium, kek).open(blob, Binding(FIXED, 1, PUBLIC), slot, scratch)


def test_s22_only_the_wrapped_data_key_changes(
    native: Native, kek: Kek, new: Kek, rewrapping: Rewrapping, envelope: bytes, taken: Take,
    peek: Peek, memory: LockedMemory,
) -> None:  # fmt: skip
    before = len(memory._lives)
    moved = rewrapping.rewrapped(envelope, FIXED, 1, PUBLIC)
    assert len(memory._lives) == before
    old, now = SealedKey.parse(envelope), SealedKey.parse(moved)
    assert now.kek_id == new.kek_id
    assert (now.seal_nonce, now.sealed) == (old.seal_nonce, old.sealed)
    assert now.wrap_nonce != old.wrap_nonce
    slot, scratch = taken(), taken()
    opened(native, new, moved, slot, scratch)
    assert peek(slot)[:32] == b"s" * 32
    with pytest.raises(EnvelopeCorrupt):
        opened(native, kek, moved, slot, scratch)


def test_what_was_moved_stays_as_it_is(rewrapping: Rewrapping, envelope: bytes) -> None:
    moved = rewrapping.rewrapped(envelope, FIXED, 1, PUBLIC)
    assert rewrapping.rewrapped(moved, FIXED, 1, PUBLIC) == moved


def test_s17_what_belongs_to_something_else_is_not_moved(
    native: Native, memory: LockedMemory, rewrapping: Rewrapping, third: Kek, kek: Kek,
    new: Kek, envelope: bytes,
) -> None:  # fmt: skip
    moved = rewrapping.rewrapped(envelope, FIXED, 1, PUBLIC)
    other = dataclasses.replace(FIXED, allow_digest=True)
    for blob in (envelope, moved):
        for wrong in (
            (other, 1, PUBLIC),
            (FIXED, 2, PUBLIC),
            (FIXED, 1, PublicKey.ed25519(bytes(32))),
        ):
            with pytest.raises(EnvelopeCorrupt):
                rewrapping.rewrapped(blob, *wrong)
    with pytest.raises(EnvelopeCorrupt):
        rewrapping.rewrapped(envelope[:-1], FIXED, 1, PUBLIC)
    elsewhere = Rewrapping(native.sodium, memory, third, new)
    with pytest.raises(EnvelopeCorrupt):
        elsewhere.rewrapped(envelope, FIXED, 1, PUBLIC)


def test_a_wiped_kek_moves_nothing(rewrapping: Rewrapping, envelope: bytes, new: Kek) -> None:
    new.close()
    with pytest.raises(CustodyUnavailable):
        rewrapping.rewrapped(envelope, FIXED, 1, PUBLIC)


def test_s22_the_key_of_digests_outlives_every_kek(
    native: Native, memory: LockedMemory, kek: Kek, new: Kek, third: Kek
) -> None:
    first = kek.mac(b"secret")
    sealed = seal_digest_key(native.sodium, kek.rows, new)
    assert len(sealed) == 85
    kek.close()
    kept = open_digest_key(native.sodium, memory, new, sealed)
    assert kept.mac(b"secret") == first
    assert new.mac(b"secret") != first
    again = open_digest_key(
        native.sodium, memory, third, seal_digest_key(native.sodium, kept, third)
    )
    assert again.mac(b"secret") == first
    kept.close()
    with pytest.raises(CustodyUnavailable):
        kept.mac(b"secret")


def test_a_damaged_key_of_digests_is_none(
    native: Native, memory: LockedMemory, kek: Kek, new: Kek
) -> None:
    sealed = seal_digest_key(native.sodium, kek.rows, new)
    taken = memory._lives.copy()
    for at in (0, 8, 9, 25, 37, 84):
        wrong = bytearray(sealed)
        wrong[at] ^= 1
        with pytest.raises(EnvelopeCorrupt):
            open_digest_key(native.sodium, memory, new, bytes(wrong))
    for blob, under in ((sealed[:-1], new), (b"", new), (sealed, kek)):
        with pytest.raises(EnvelopeCorrupt):
            open_digest_key(native.sodium, memory, under, blob)
    assert memory._lives == taken


def test_a_wiped_page_makes_no_digest_under_zeros(
    native: Native, memory: LockedMemory, kek: Kek, new: Kek, poke: Poke
) -> None:
    """What the child of a fork would see."""
    kept = open_digest_key(
        native.sodium, memory, new, seal_digest_key(native.sodium, kek.rows, new)
    )
    poke(kept.slot, bytes(64))
    with pytest.raises(CustodyUnavailable):
        kept.mac(b"secret")
    with pytest.raises(CustodyUnavailable):
        seal_digest_key(native.sodium, kept, new)
    assert not kept.slot.leased
