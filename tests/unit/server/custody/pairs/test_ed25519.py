from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from signward_server.core.errors import SignatureSelfCheckFailed
from signward_server.core.payloads import Hash
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Signature
from signward_server.custody.memory import Slot
from signward_server.custody.native import Native
from signward_server.custody.pairs import Ed25519Pairs

CASES = json.loads((Path(__file__).parent / "vectors.json").read_text())["ed25519"]["cases"]
Take = Callable[[], Slot]
Peek = Callable[[Slot], bytes]
Poke = Callable[[Slot, bytes], None]


Sign = Callable[[Ed25519Pairs, Slot, bytes, Hash, PublicKey], Signature]


def _alone(
    pairs: Ed25519Pairs, slot: Slot, message: bytes, hash_: Hash, public_key: PublicKey
) -> Signature:
    return pairs.sign(slot, message, hash_, public_key)


def _among_others(
    pairs: Ed25519Pairs, slot: Slot, message: bytes, hash_: Hash, public_key: PublicKey
) -> Signature:
    return pairs.sign_many(slot, [b"before", message, b"after"], hash_, public_key)[1]


@pytest.fixture(params=[_alone, _among_others])
def sign(request: pytest.FixtureRequest) -> Sign:
    found: Sign = request.param
    return found


@pytest.fixture
def pairs(native: Native) -> Ed25519Pairs:
    return Ed25519Pairs(native.sodium)


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_vectors_of_rfc_8032(
    sign: Sign, pairs: Ed25519Pairs, case: dict[str, str], taken: Take, peek: Peek, poke: Poke
) -> None:
    slot, scratch = taken(), taken()
    secret, public = bytes.fromhex(case["secret"]), bytes.fromhex(case["public"])
    poke(slot, secret)
    public_key = pairs.complete(slot, scratch)
    assert public_key == PublicKey.ed25519(public)
    assert peek(slot) == secret + public
    signature = sign(pairs, slot, bytes.fromhex(case["message"]), Hash.NONE, public_key)
    assert signature.value.hex() == case["signature"]
    assert signature.recovery_id == 0


def test_generates_what_another_library_derives(
    pairs: Ed25519Pairs, taken: Take, peek: Peek
) -> None:
    slots = [taken(), taken()]
    public_keys = [pairs.generate(slot, taken()) for slot in slots]
    for slot, public_key in zip(slots, public_keys, strict=True):
        other = Ed25519PrivateKey.from_private_bytes(peek(slot)[:32]).public_key()
        assert public_key == PublicKey.ed25519(other.public_bytes_raw())
        assert slot.carries(public_key.raw)
    assert public_keys[0] != public_keys[1]


@pytest.mark.parametrize("half", [0, 32])
def test_s18_a_wiped_half_signs_nothing(
    sign: Sign, pairs: Ed25519Pairs, taken: Take, poke: Poke, peek: Peek, half: int
) -> None:
    slot = taken()
    public_key = pairs.generate(slot, taken())
    poke(slot, peek(slot)[:half] + bytes(64 - half))
    with pytest.raises(SignatureSelfCheckFailed):
        sign(pairs, slot, b"m", Hash.NONE, public_key)


def test_s18_the_public_key_is_compared_after_the_signature(
    sign: Sign, native: Native, taken: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = taken()
    real = native.sodium.sign_detached

    def wiped_meanwhile(*arguments: object) -> int:
        native.sodium.memzero(slot.address, 64)
        result: int = real(*arguments)
        return result

    monkeypatch.setattr(native.sodium, "sign_detached", wiped_meanwhile)
    pairs = Ed25519Pairs(native.sodium)
    public_key = pairs.generate(slot, taken())
    with pytest.raises(SignatureSelfCheckFailed):
        sign(pairs, slot, b"m", Hash.NONE, public_key)


def test_s18_another_public_key_gets_no_signature(
    sign: Sign, pairs: Ed25519Pairs, taken: Take
) -> None:
    slot, other = taken(), taken()
    pairs.generate(slot, taken())
    wrong = pairs.generate(other, taken())
    with pytest.raises(SignatureSelfCheckFailed):
        sign(pairs, slot, b"m", Hash.NONE, wrong)


@pytest.mark.parametrize("hash_", [Hash.SHA256, Hash.KECCAK256, Hash.PREHASHED])
def test_signs_under_no_hash(sign: Sign, pairs: Ed25519Pairs, taken: Take, hash_: Hash) -> None:
    slot = taken()
    public_key = pairs.generate(slot, taken())
    with pytest.raises(ValueError, match="Ed25519 signs the message itself"):
        sign(pairs, slot, bytes(32), hash_, public_key)


def test_many_are_signed_in_order(pairs: Ed25519Pairs, taken: Take) -> None:
    slot = taken()
    public_key = pairs.generate(slot, taken())
    messages = [bytes([n]) * n for n in range(100)]
    alone = [pairs.sign(slot, message, Hash.NONE, public_key) for message in messages]
    assert pairs.sign_many(slot, messages, Hash.NONE, public_key) == alone
    assert pairs.sign_many(slot, [], Hash.NONE, public_key) == []
