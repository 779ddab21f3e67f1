from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import coincurve
import pytest
from signward_server.core.errors import SignatureSelfCheckFailed
from signward_server.core.payloads import Hash
from signward_server.core.public_key import PublicKey
from signward_server.custody.memory import Slot
from signward_server.custody.native import Native
from signward_server.custody.pairs import Secp256k1Pairs

CASES = json.loads((Path(__file__).parent / "vectors.json").read_text())["secp256k1"]["cases"]
ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
Take = Callable[[], Slot]
Peek = Callable[[Slot], bytes]
Poke = Callable[[Slot, bytes], None]


@pytest.fixture
def pairs(native: Native) -> Secp256k1Pairs:
    return Secp256k1Pairs(native)


def derived(secret: bytes) -> PublicKey:
    return PublicKey.secp256k1(coincurve.PrivateKey(secret).public_key.format(compressed=False))


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_vectors_of_rfc_6979(
    pairs: Secp256k1Pairs, case: dict[str, str], taken: Take, peek: Peek, poke: Poke
) -> None:
    slot, secret = taken(), bytes.fromhex(case["secret"])
    poke(slot, secret)
    public_key = pairs.complete(slot, taken())
    assert public_key == derived(secret)
    assert peek(slot) == secret + public_key.fingerprint
    message = case["message"].encode()
    signature = pairs.sign(slot, message, Hash.SHA256, public_key)
    assert signature.value.hex() == case["signature"]
    made = coincurve.PrivateKey(secret).sign_recoverable(message)
    assert made == signature.value + bytes([signature.recovery_id])


def test_generates_what_another_library_derives(
    pairs: Secp256k1Pairs, taken: Take, peek: Peek
) -> None:
    slots = [taken(), taken()]
    public_keys = [pairs.generate(slot, taken()) for slot in slots]
    for slot, public_key in zip(slots, public_keys, strict=True):
        assert public_key == derived(peek(slot)[:32])
        assert slot.carries(public_key.fingerprint)
    assert public_keys[0] != public_keys[1]


@pytest.mark.parametrize("scalar", [0, ORDER, ORDER + 1, 2**256 - 1])
def test_what_is_no_scalar_is_refused(
    pairs: Secp256k1Pairs, taken: Take, poke: Poke, peek: Peek, scalar: int
) -> None:
    slot = taken()
    poke(slot, scalar.to_bytes(32))
    assert pairs.complete(slot, taken()) is None
    assert peek(slot)[32:] == bytes(32)


def test_draws_again_when_the_scalar_is_out_of_range(
    native: Native, taken: Take, poke: Poke, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = taken()
    draws = [bytes(32), ORDER.to_bytes(32), bytes(31) + b"\x05"]
    monkeypatch.setattr(native.sodium, "randombytes", lambda *_: poke(slot, draws.pop(0)))
    assert Secp256k1Pairs(native).generate(slot, taken()) == derived(bytes(31) + b"\x05")
    assert draws == []


def test_s18_a_wiped_slot_signs_nothing(
    pairs: Secp256k1Pairs, taken: Take, poke: Poke, peek: Peek
) -> None:
    slot = taken()
    public_key = pairs.generate(slot, taken())
    filled = peek(slot)
    for content in (bytes(64), filled[:32] + bytes(32), bytes(32) + filled[32:]):
        poke(slot, content)
        with pytest.raises(SignatureSelfCheckFailed):
            pairs.sign(slot, b"m", Hash.SHA256, public_key)


def test_s18_the_tag_is_compared_after_the_signature(
    native: Native, taken: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = taken()
    real = native.secp256k1.sign_recoverable

    def wiped_afterwards(*arguments: object) -> int:
        result: int = real(*arguments)
        native.sodium.memzero(slot.address, 64)
        return result

    pairs = Secp256k1Pairs(native)
    public_key = pairs.generate(slot, taken())
    monkeypatch.setattr(native.secp256k1, "sign_recoverable", wiped_afterwards)
    with pytest.raises(SignatureSelfCheckFailed):
        pairs.sign(slot, b"m", Hash.SHA256, public_key)


def test_s18_the_other_point_with_the_same_x_gets_no_signature(
    pairs: Secp256k1Pairs, taken: Take
) -> None:
    slot = taken()
    public_key = pairs.generate(slot, taken())
    mirrored = coincurve.PublicKey(bytes([public_key.raw[0] ^ 1]) + public_key.raw[1:])
    with pytest.raises(SignatureSelfCheckFailed):
        pairs.sign(slot, b"m", Hash.SHA256, PublicKey.secp256k1(mirrored.format(compressed=False)))


def test_hashes_as_the_context_says(pairs: Secp256k1Pairs, taken: Take) -> None:
    slot = taken()
    public_key = pairs.generate(slot, taken())
    signatures = [
        pairs.sign(slot, bytes(32), hash_, public_key)
        for hash_ in (Hash.SHA256, Hash.KECCAK256, Hash.PREHASHED)
    ]
    assert len({dataclasses.astuple(signature) for signature in signatures}) == 3


@pytest.mark.parametrize(
    ("message", "hash_"), [(bytes(32), Hash.NONE), (bytes(31), Hash.PREHASHED)]
)
def test_signs_only_under_a_hash(
    pairs: Secp256k1Pairs, taken: Take, message: bytes, hash_: Hash
) -> None:
    slot = taken()
    public_key = pairs.generate(slot, taken())
    with pytest.raises(ValueError, match="ECDSA signs a message under a hash"):
        pairs.sign(slot, message, hash_, public_key)
