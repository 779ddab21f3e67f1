"""HPKE on slots against published values, another library, and whatever is not HPKE."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.imports import WRAPPED_KEY_SIZE
from signward_server.custody.hpke import HPKE_SIZE, Hpke
from signward_server.custody.memory import Slot
from signward_server.custody.native import Native

from tests.unit.server.core.test_imports import GOLDEN

Take = Callable[[], Slot]
Peek = Callable[[Slot], bytes]

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SECRET = bytes(range(32))

# The test vectors of RFC 9180 (github.com/cfrg/draft-irtf-cfrg-hpke, test-vectors.json): mode 0,
# KEM 0x0020, KDF 0x0001, AEAD 0x0002. Appendix A of the RFC leaves this suite out.
INFO = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
PRIVATE = bytes.fromhex("497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d")
PUBLIC = bytes.fromhex("430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c")
ENC = bytes.fromhex("6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256")
KEY = bytes.fromhex("f50b0609186798729ed0564b36ef2ef8044f1f9d05636874d1f46c819c7a669f")
NONCE = bytes.fromhex("151d9929e2449747889bc923")
MESSAGE = bytes.fromhex("4265617574792069732074727574682c20747275746820626561757479")
DATA = bytes.fromhex("436f756e742d30")
SEALED = bytes.fromhex(
    "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a"
)


@pytest.fixture
def hpke(native: Native) -> Hpke:
    return Hpke(native.sodium)


def seal(public_key: bytes, info: bytes = b"info", secret: bytes = SECRET) -> bytes:
    return SUITE.encrypt(secret, X25519PublicKey.from_public_bytes(public_key), info)


def test_the_key_schedule_is_that_of_rfc_9180(
    hpke: Hpke, taken: Take, peek: Peek, poke: Callable[[Slot, bytes], None]
) -> None:
    private, prk, work = taken(), taken(), taken()
    poke(private, PRIVATE)
    assert hpke.schedule(ENC, INFO, private, PUBLIC, prk, work) == NONCE
    assert peek(work)[:32] == KEY


def test_the_published_message_is_that_of_the_key_and_the_nonce() -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    assert AESGCM(KEY).decrypt(NONCE, SEALED, DATA) == MESSAGE


def test_what_another_library_seals_is_opened(hpke: Hpke, taken: Take, peek: Peek) -> None:
    private, into, work = taken(), taken(), taken()
    public_key = hpke.generate(private)
    sealed = seal(public_key)
    assert len(sealed) == HPKE_SIZE == WRAPPED_KEY_SIZE
    assert hpke.open(sealed, b"info", private, public_key, into, work)
    assert peek(into)[:32] == SECRET


def test_the_example_of_the_documentation_opens(
    hpke: Hpke, taken: Take, peek: Peek, poke: Callable[[Slot, bytes], None]
) -> None:
    text = (Path(__file__).parents[4] / "docs" / "formats" / "import.md").read_text()
    info, sealed = (
        bytes.fromhex(block) for block in re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    )
    assert info == GOLDEN
    assert PRIVATE.hex() in text
    assert PUBLIC.hex() in text
    private, into, work = taken(), taken(), taken()
    poke(private, PRIVATE)
    assert hpke.open(sealed, info, private, PUBLIC, into, work)
    assert peek(into)[:32] == bytes(range(1, 33))


def test_a_generated_pair_is_a_pair(hpke: Hpke, taken: Take, peek: Peek) -> None:
    slots = [taken(), taken()]
    public_keys = [hpke.generate(slot) for slot in slots]
    assert public_keys[0] != public_keys[1]
    for slot, public_key in zip(slots, public_keys, strict=True):
        known = X25519PrivateKey.from_private_bytes(peek(slot)[:32])
        assert known.public_key().public_bytes_raw() == public_key


def test_whatever_is_wrong_is_not_opened(hpke: Hpke, taken: Take, peek: Peek) -> None:
    private, other, into, work = taken(), taken(), taken(), taken()
    public_key, other_key = hpke.generate(private), hpke.generate(other)
    sealed = seal(public_key)
    wrong = {
        "info": (sealed, b"other", private, public_key),
        "recipient": (seal(other_key), b"info", private, public_key),
        "private half": (sealed, b"info", other, public_key),
        "public half": (sealed, b"info", private, other_key),
        "point of small order": (bytes(32) + sealed[32:], b"info", private, public_key),
        "ciphertext": (sealed[:-1] + bytes([sealed[-1] ^ 1]), b"info", private, public_key),
    }
    for name, given_ in wrong.items():
        assert not hpke.open(*given_, into, work), name
        assert SECRET not in peek(into), name
    for size in (0, 31, 32, 79, 81, 1000):
        assert not hpke.open((sealed * 13)[:size], b"info", private, public_key, into, work)


def test_another_suite_is_not_opened(hpke: Hpke, taken: Take) -> None:
    private, into, work = taken(), taken(), taken()
    public_key = hpke.generate(private)
    chacha = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    recipient = X25519PublicKey.from_public_bytes(public_key)
    sealed = chacha.encrypt(SECRET, recipient, b"info")
    assert not hpke.open(sealed, b"info", private, public_key, into, work)


@given(info=st.binary(max_size=400), secret=st.binary(min_size=32, max_size=32))
def test_any_secret_for_any_info_is_opened(native: Native, info: bytes, secret: bytes) -> None:
    import ctypes

    from signward_server.custody.memory import LockedMemory

    hpke, memory = Hpke(native.sodium), LockedMemory(native.sodium, 4096)
    slots = [memory.take() for _ in range(3)]
    private, into, work = (slot for slot in slots if slot is not None)
    public_key = hpke.generate(private)
    assert hpke.open(seal(public_key, info, secret), info, private, public_key, into, work)
    assert ctypes.string_at(into.address, 32) == secret
    for slot in (private, into, work):
        slot.retire()
    memory.close()
