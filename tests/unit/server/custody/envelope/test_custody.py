from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from signward_server.core.errors import (
    CustodyUnavailable,
    EnvelopeCorrupt,
    SignatureSelfCheckFailed,
    StoreUnavailable,
)
from signward_server.core.keys import Algorithm, CustodyKind, Purpose
from signward_server.core.payloads import Hash
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import SigningContext
from signward_server.custody.envelope import EnvelopeCustody, Kek
from signward_server.custody.envelope.format import Binding
from signward_server.custody.envelope.sealing import Envelopes
from signward_server.custody.memory import LockedMemory, Slot
from signward_server.custody.native import Native

from tests.fakes.clock import FakeClock
from tests.fakes.keys import attributes, context
from tests.fakes.materials import FakeMaterials

DEFAULT = timedelta(minutes=5)
LONGEST = timedelta(hours=1)
ALGORITHMS = list(Algorithm)
Peek = Callable[[Slot], bytes]
Poke = Callable[[Slot, bytes], None]
Make = Callable[..., SigningContext]


@pytest.fixture
def custody(
    native: Native, kek: Kek, materials: FakeMaterials, memory: LockedMemory, clock: FakeClock
) -> Iterator[EnvelopeCustody]:
    custody = EnvelopeCustody(
        native=native,
        kek=kek,
        materials=materials,
        memory=memory,
        clock=clock,
        default_unlock_ttl=DEFAULT,
        max_unlock_ttl=LONGEST,
    )
    yield custody
    custody.close()


@pytest.fixture
def make(custody: EnvelopeCustody, materials: FakeMaterials) -> Make:
    """Create a key, store it, and return a context that signs with it."""

    def make(key_id: str = "bot", ttl: timedelta | None = None, version: int = 1) -> SigningContext:
        fixed = attributes(key_id=key_id)
        created = custody.create(fixed, version)
        assert created.material is not None
        assert created.backend_ref == ""
        materials.stored[key_id, version] = created.material
        return context(fixed, created.public_key, version=version, unlock_ttl=ttl)

    return make


def in_use(memory: LockedMemory) -> int:
    """Slots that hold something besides the two of the KEK."""
    return len(memory._lives) - 2


def test_is_what_it_says(custody: EnvelopeCustody) -> None:
    assert custody.kind is CustodyKind.ENVELOPE
    assert custody.algorithms == frozenset(Algorithm)
    assert not custody.leaves_process


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_create_leaves_nothing_unlocked(
    custody: EnvelopeCustody, memory: LockedMemory, algorithm: Algorithm
) -> None:
    custody.create(attributes(algorithm), 1)
    assert in_use(memory) == 0


def test_create_opens_what_it_sealed(
    native: Native, custody: EnvelopeCustody, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = native.sodium.aes256gcm_encrypt

    def bit_flips(sealed: object, *more: object) -> int:
        result: int = real(sealed, *more)
        sealed[5] = bytes([sealed[5][0] ^ 1])  # type: ignore[index]
        return result

    monkeypatch.setattr(native.sodium, "aes256gcm_encrypt", bit_flips)
    with pytest.raises(EnvelopeCorrupt):
        custody.create(attributes(), 1)
    assert in_use(memory) == 0


def test_create_fails_cleanly_without_memory(
    custody: EnvelopeCustody, memory: LockedMemory
) -> None:
    held = []
    while (slot := memory.take()) is not None:
        held.append(slot)
    held.pop().retire()
    with pytest.raises(CustodyUnavailable):
        custody.create(attributes(), 1)
    assert memory.take() is not None


@pytest.mark.parametrize("ttl", [None, timedelta(minutes=5)])
def test_stays_unlocked_for_its_ttl(
    custody: EnvelopeCustody,
    make: Make,
    memory: LockedMemory,
    clock: FakeClock,
    ttl: timedelta | None,
) -> None:
    named = make(ttl=ttl)
    custody.sign(b"m", named)
    assert in_use(memory) == 1
    clock.advance(299.9)
    custody.sign(b"m", named)
    clock.advance(299.9)
    custody._unlocked.sweep()
    assert in_use(memory) == 1
    clock.advance(0.1)
    custody._unlocked.sweep()
    assert in_use(memory) == 0


def test_s19_the_ttl_is_capped(
    custody: EnvelopeCustody, make: Make, memory: LockedMemory, clock: FakeClock
) -> None:
    custody.sign(b"m", make(ttl=timedelta(days=30)))
    clock.advance(3599.9)
    custody._unlocked.sweep()
    assert in_use(memory) == 1
    clock.advance(0.1)
    custody._unlocked.sweep()
    assert in_use(memory) == 0


def test_s19_the_default_is_capped_too(
    native: Native, kek: Kek, materials: FakeMaterials, memory: LockedMemory, clock: FakeClock
) -> None:
    custody = EnvelopeCustody(
        native=native,
        kek=kek,
        materials=materials,
        memory=memory,
        clock=clock,
        default_unlock_ttl=timedelta(hours=2),
        max_unlock_ttl=timedelta(0),
    )
    created = custody.create(attributes(), 1)
    assert created.material is not None
    materials.stored["bot", 1] = created.material
    custody.sign(b"m", context(attributes(), created.public_key))
    assert in_use(memory) == 0
    custody.close()


def test_a_ttl_of_zero_wipes_at_once_and_reads_the_store_once(
    custody: EnvelopeCustody, make: Make, memory: LockedMemory, materials: FakeMaterials
) -> None:
    named = make(ttl=timedelta(0))
    signatures = set()
    for _ in range(3):
        signatures.add(custody.sign(b"m", named).value)
        assert in_use(memory) == 0
    assert len(signatures) == 1
    assert materials.reads == 1


@pytest.mark.parametrize(("ttl", "expected"), [(0.0, []), (0.5, [0.5]), (600.0, [600.0])])
def test_the_sweeper_expects_only_what_stays(
    custody: EnvelopeCustody,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    ttl: float,
    expected: list[float],
) -> None:
    told: list[float] = []
    monkeypatch.setattr(custody._sweeper, "expect", told.append)
    named = make(ttl=timedelta(seconds=ttl))
    for _ in range(2):
        custody.sign(b"m", named)
    assert told == expected


def test_a_key_is_wiped_although_nobody_signs(
    custody: EnvelopeCustody, make: Make, memory: LockedMemory, clock: FakeClock
) -> None:
    custody.sign(b"m", make(ttl=timedelta(milliseconds=10)))
    assert in_use(memory) == 1
    clock.advance(0.01)
    ends = time.monotonic() + 5.0
    while in_use(memory) and time.monotonic() < ends:
        time.sleep(0.01)
    assert in_use(memory) == 0


def test_forget_wipes_and_reads_the_store_again(
    custody: EnvelopeCustody, make: Make, memory: LockedMemory, materials: FakeMaterials
) -> None:
    one, two = make("one"), make("two")
    custody.sign(b"m", one)
    custody.sign(b"m", two)
    custody.forget("one")
    assert in_use(memory) == 1
    del materials.stored["one", 1]
    with pytest.raises(EnvelopeCorrupt):
        custody.sign(b"m", one)
    assert in_use(memory) == 1
    custody.sign(b"m", two)


def test_close_wipes_but_keeps_the_kek(
    custody: EnvelopeCustody, make: Make, memory: LockedMemory, kek: Kek
) -> None:
    custody.sign(b"m", make())
    custody.close()
    assert in_use(memory) == 0
    assert kek.intact
    assert not custody._sweeper.alive


def test_s17_envelopes_of_other_keys_and_versions_are_corrupt(
    custody: EnvelopeCustody, make: Make, materials: FakeMaterials, memory: LockedMemory
) -> None:
    contexts = {
        ("one", 1): make("one"),
        ("one", 2): make("one", version=2),
        ("two", 1): make("two"),
    }
    right = materials.stored.copy()
    for name, named in contexts.items():
        for blob in right.values():
            materials.stored[name] = blob
            custody.forget(name[0])
            if blob is right[name]:
                custody.sign(b"m", named)
                custody.forget(name[0])
            else:
                with pytest.raises(EnvelopeCorrupt):
                    custody.sign(b"m", named)
    assert in_use(memory) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": Purpose.ORDER},
        {"network": "mainnet"},
        {"allow_digest": True},
        {"vault_address": "0x" + "ab" * 20},
        {"custody": CustodyKind.SHAMIR},
        {"id": "other"},
    ],
)
def test_s17_an_edited_attribute_is_corrupt(
    custody: EnvelopeCustody, make: Make, materials: FakeMaterials, change: dict[str, object]
) -> None:
    named = make()
    materials.stored["other", 1] = materials.stored["bot", 1]
    edited = replace(named, key=replace(named.key, **change))  # type: ignore[arg-type]
    with pytest.raises(EnvelopeCorrupt):
        custody.sign(b"m", edited)


def test_s17_mutable_attributes_are_not_bound(custody: EnvelopeCustody, make: Make) -> None:
    named = make()
    signature = custody.sign(b"m", named)
    custody.forget("bot")
    edited = replace(named, key=replace(named.key, owner="cn:else", labels={"a": "b"}, revision=9))
    assert custody.sign(b"m", edited).value == signature.value


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_pair_that_does_not_match_its_public_key_is_corrupt(
    native: Native,
    kek: Kek,
    custody: EnvelopeCustody,
    memory: LockedMemory,
    materials: FakeMaterials,
    poke: Poke,
    algorithm: Algorithm,
) -> None:
    """An envelope that opens, under attributes that name another public key (promise 1)."""
    fixed = attributes(algorithm)
    public_key = custody.create(fixed, 1).public_key
    slot, scratch = memory.take(), memory.take()
    assert slot is not None
    assert scratch is not None
    for content in (b"\x01" * 32, bytes(32)):
        poke(slot, content)
        binding = Binding(fixed, 1, public_key)
        materials.stored["bot", 1] = Envelopes(native.sodium, kek).seal(slot, scratch, binding)
        custody.forget("bot")
        with pytest.raises(EnvelopeCorrupt):
            custody.sign(b"m", context(fixed, public_key))
    slot.retire()
    scratch.retire()
    assert in_use(memory) == 0


def test_s18_a_failed_self_check_forgets_the_key(
    custody: EnvelopeCustody, make: Make, memory: LockedMemory, poke: Poke
) -> None:
    named = make()
    right = custody.sign(b"m", named)
    poke(custody._unlocked._entries["bot", 1].slot, bytes(64))
    with pytest.raises(SignatureSelfCheckFailed):
        custody.sign(b"m", named)
    assert in_use(memory) == 0
    assert custody.sign(b"m", named).value == right.value


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(minutes=1)])
def test_a_mistaken_hash_leaves_no_lease(
    custody: EnvelopeCustody, make: Make, memory: LockedMemory, ttl: timedelta
) -> None:
    named = make(ttl=ttl)
    with pytest.raises(ValueError, match="Ed25519 signs the message itself"):
        custody.sign(b"m", replace(named, hash=Hash.SHA256))
    custody.forget("bot")
    assert in_use(memory) == 0


def test_an_unavailable_store_is_passed_on(
    custody: EnvelopeCustody, make: Make, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = make()

    def unavailable(*_: object) -> bytes:
        raise StoreUnavailable

    monkeypatch.setattr(FakeMaterials, "read_material", unavailable)
    with pytest.raises(StoreUnavailable):
        custody.sign(b"m", named)
    assert in_use(memory) == 0


def test_concurrent_unlocks_of_a_key_end_in_one_slot(
    custody: EnvelopeCustody, make: Make, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = make()
    together = Barrier(4)
    real = FakeMaterials.read_material

    def at_once(self: FakeMaterials, key_id: str, version: int) -> bytes:
        together.wait(5)
        return real(self, key_id, version)

    monkeypatch.setattr(FakeMaterials, "read_material", at_once)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: custody.sign(b"m", named).value, range(4)))
    assert len(set(made)) == 1
    assert in_use(memory) == 1


def test_s19_more_keys_than_slots_all_sign(
    custody: EnvelopeCustody, make: Make, memory: LockedMemory
) -> None:
    contexts = [make(f"k{number}") for number in range(300)]
    made = [custody.sign(b"m", named).value for named in contexts]
    assert in_use(memory) <= 4 * 64 - 2
    assert [custody.sign(b"m", named).value for named in contexts] == made


def test_readiness_needs_kek_memory_and_sweeper(
    custody: EnvelopeCustody, kek: Kek, memory: LockedMemory
) -> None:
    assert custody.healthy()
    held = list(iter(memory.take, None))
    assert not custody.healthy()
    for slot in held:
        slot.retire()
    assert custody.healthy()
    kek.close()
    assert not custody.healthy()


def test_readiness_ends_with_the_sweeper(custody: EnvelopeCustody) -> None:
    custody._sweeper.stop()
    assert not custody.healthy()


def test_a_public_key_of_the_other_algorithm_signs_nothing(
    custody: EnvelopeCustody, make: Make
) -> None:
    named = make()
    other = custody.create(attributes(Algorithm.ECDSA_SECP256K1), 1).public_key
    assert isinstance(other, PublicKey)
    custody.sign(b"m", named)
    with pytest.raises(SignatureSelfCheckFailed):
        custody.sign(b"m", replace(named, version=replace(named.version, public_key=other)))
