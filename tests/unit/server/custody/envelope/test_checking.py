"""What a check of an envelope finds, and what it leaves behind."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import pytest
from signward_server.core.errors import CustodyUnavailable, StoreUnavailable
from signward_server.core.key_check import KeyAspect
from signward_server.core.keys import Algorithm
from signward_server.core.signing import SigningContext
from signward_server.custody.envelope import EnvelopeCustody, Kek
from signward_server.custody.envelope.checking import problems
from signward_server.custody.envelope.format import Binding
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import Native

from tests.fakes.clock import FakeClock
from tests.fakes.keys import attributes, context
from tests.fakes.materials import FakeMaterials


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
        default_unlock_ttl=timedelta(minutes=5),
        max_unlock_ttl=timedelta(hours=1),
    )
    yield custody
    custody.close()


@pytest.fixture
def named(custody: EnvelopeCustody, materials: FakeMaterials) -> SigningContext:
    fixed = attributes(Algorithm.ECDSA_SECP256K1)
    created = custody.create(fixed, 1)
    assert created.material is not None
    materials.stored["bot", 1] = created.material
    return context(fixed, created.public_key)


def _aspects(custody: EnvelopeCustody, named: SigningContext) -> list[KeyAspect]:
    return [finding.aspect for finding in custody.check(named.key, named.version)]


def test_what_is_stored_is_read_although_it_is_remembered(
    custody: EnvelopeCustody, named: SigningContext, materials: FakeMaterials
) -> None:
    custody.sign(b"m", named)
    del materials.stored["bot", 1]
    assert _aspects(custody, named) == [KeyAspect.STATE]
    assert custody.is_unlocked("bot", 1)  # a check changes nothing
    materials.stored["bot", 1] = b"no envelope"
    assert _aspects(custody, named) == [KeyAspect.SPEC]


@pytest.mark.parametrize("at", [40, 80, 144])
def test_a_changed_envelope_is_found(
    custody: EnvelopeCustody, named: SigningContext, materials: FakeMaterials, at: int
) -> None:
    sealed = bytearray(materials.stored["bot", 1])
    sealed[at] ^= 1
    materials.stored["bot", 1] = bytes(sealed)
    assert _aspects(custody, named) == [KeyAspect.STATE]


def test_s17_the_envelope_of_another_key_is_found(
    custody: EnvelopeCustody, named: SigningContext
) -> None:
    relabelled = dataclasses.replace(named.key, allow_digest=True)
    (finding,) = custody.check(relabelled, named.version)
    assert (finding.aspect, finding.found) == (KeyAspect.STATE, "one that does not")


def test_the_envelope_of_another_kek_names_both(
    custody: EnvelopeCustody, named: SigningContext, materials: FakeMaterials, kek: Kek
) -> None:
    sealed = bytearray(materials.stored["bot", 1])
    sealed[9] ^= 1  # the first byte of the KEK's id
    materials.stored["bot", 1] = bytes(sealed)
    (finding,) = custody.check(named.key, named.version)
    assert finding.expected == kek.kek_id.hex()
    assert finding.found == bytes(sealed[9:25]).hex()


@pytest.mark.parametrize("opens_to", ["another", "nothing"])
def test_another_pair_in_an_envelope_that_opens_is_found(
    named: SigningContext, materials: FakeMaterials, kek: Kek, opens_to: str
) -> None:
    public_key = named.version.public_key
    other = dataclasses.replace(public_key, spki_der=b"other") if opens_to == "another" else None
    binding = Binding(named.key, 1, public_key)
    material = materials.stored["bot", 1]
    (finding,) = problems(material, binding, kek.kek_id, lambda *_: other)
    assert finding.aspect is KeyAspect.PUBLIC_KEY
    assert finding.expected == public_key.fingerprint.hex()
    assert finding.found == ("" if other is None else other.fingerprint.hex())


def test_nothing_stays_in_locked_memory(
    custody: EnvelopeCustody, named: SigningContext, memory: LockedMemory
) -> None:
    before = len(memory._lives)
    assert _aspects(custody, named) == []
    assert len(memory._lives) == before


def test_what_cannot_be_read_now_is_no_finding(
    custody: EnvelopeCustody, named: SigningContext, materials: FakeMaterials
) -> None:
    materials.failure = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        custody.check(named.key, named.version)
    materials.failure = None
    custody.close()
    with pytest.raises(CustodyUnavailable):
        custody.check(named.key, named.version)
