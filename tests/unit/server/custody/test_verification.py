from __future__ import annotations

import coincurve
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.payloads import Hash
from signward_server.core.ports import Verifier
from signward_server.core.public_key import PublicKey
from signward_server.custody.digest import message_digest
from signward_server.custody.native import Native
from signward_server.custody.verification import NativeVerifier

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SECP256K1 = coincurve.PrivateKey(bytes(range(1, 33)))
ED25519_PUBLIC = PublicKey.ed25519(ED25519.public_key().public_bytes_raw())
SECP256K1_PUBLIC = PublicKey.secp256k1(SECP256K1.public_key.format(compressed=False))
MESSAGE = bytes(range(32))


@pytest.fixture
def verifier(native: Native) -> Verifier:
    return NativeVerifier(native)


def ecdsa(message: bytes, hash_: Hash) -> bytes:
    return SECP256K1.sign_recoverable(message_digest(message, hash_), hasher=None)[:64]


@pytest.mark.parametrize("message", [b"", b"m", MESSAGE * 100])
def test_ed25519(verifier: Verifier, message: bytes) -> None:
    value = ED25519.sign(message)
    assert verifier.verify(ED25519_PUBLIC, message, Hash.NONE, value)
    assert not verifier.verify(ED25519_PUBLIC, message + b"\x00", Hash.NONE, value)
    assert not verifier.verify(PublicKey.ed25519(bytes(32)), message, Hash.NONE, value)


@pytest.mark.parametrize("hash_", [Hash.SHA256, Hash.KECCAK256, Hash.PREHASHED])
def test_secp256k1(verifier: Verifier, hash_: Hash) -> None:
    value = ecdsa(MESSAGE, hash_)
    assert verifier.verify(SECP256K1_PUBLIC, MESSAGE, hash_, value)
    assert not verifier.verify(SECP256K1_PUBLIC, MESSAGE[::-1], hash_, value)
    others = {Hash.SHA256, Hash.KECCAK256, Hash.PREHASHED} - {hash_}
    assert not any(verifier.verify(SECP256K1_PUBLIC, MESSAGE, each, value) for each in others)


def test_a_recovery_id_gives_the_key(verifier: Verifier) -> None:
    for message in (MESSAGE, b"a", b"b", b"c"):
        digest = message_digest(message, Hash.KECCAK256)
        value = SECP256K1.sign_recoverable(digest, hasher=None)
        right = [
            number
            for number in range(256)
            if verifier.verify(
                SECP256K1_PUBLIC, message, Hash.KECCAK256, value[:64] + bytes([number])
            )
        ]
        assert right == [value[64]]
        ed25519 = ED25519.sign(message)
        assert not verifier.verify(ED25519_PUBLIC, message, Hash.NONE, ed25519 + b"\0")


def test_a_high_s_with_its_recovery_id_is_refused(verifier: Verifier) -> None:
    value = SECP256K1.sign_recoverable(message_digest(MESSAGE, Hash.SHA256), hasher=None)
    high = value[:32] + (ORDER - int.from_bytes(value[32:64])).to_bytes(32)
    flipped = bytes([value[64] ^ 1])
    assert not verifier.verify(SECP256K1_PUBLIC, MESSAGE, Hash.SHA256, high + flipped)


def test_a_high_s_is_refused(verifier: Verifier) -> None:
    value = ecdsa(MESSAGE, Hash.SHA256)
    high = value[:32] + (ORDER - int.from_bytes(value[32:])).to_bytes(32)
    assert verifier.verify(SECP256K1_PUBLIC, MESSAGE, Hash.SHA256, value)
    assert not verifier.verify(SECP256K1_PUBLIC, MESSAGE, Hash.SHA256, high)


def test_a_non_canonical_s_of_ed25519_is_refused(verifier: Verifier) -> None:
    value = ED25519.sign(MESSAGE)
    lifted = int.from_bytes(value[32:], "little") + ED25519_ORDER
    malleated = value[:32] + lifted.to_bytes(32, "little")
    assert not verifier.verify(ED25519_PUBLIC, MESSAGE, Hash.NONE, malleated)


@pytest.mark.parametrize(
    ("public_key", "hash_", "message"),
    [
        (ED25519_PUBLIC, Hash.SHA256, MESSAGE),
        (ED25519_PUBLIC, Hash.PREHASHED, MESSAGE),
        (SECP256K1_PUBLIC, Hash.NONE, MESSAGE),
        (SECP256K1_PUBLIC, Hash.PREHASHED, MESSAGE + b"\x00"),
    ],
)
def test_a_hash_that_does_not_fit_is_no_signature(
    verifier: Verifier, public_key: PublicKey, hash_: Hash, message: bytes
) -> None:
    for value in (ED25519.sign(message), ecdsa(MESSAGE, Hash.PREHASHED)):
        assert not verifier.verify(public_key, message, hash_, value)


def test_a_point_off_the_curve_is_no_key(verifier: Verifier) -> None:
    off_curve = PublicKey.secp256k1(b"\x04" + b"\xff" * 64)
    assert not verifier.verify(off_curve, MESSAGE, Hash.SHA256, ecdsa(MESSAGE, Hash.SHA256))


@pytest.mark.parametrize("r", [0, ORDER, 2**256 - 1])
def test_scalars_out_of_range_are_no_signature(verifier: Verifier, r: int) -> None:
    s = ecdsa(MESSAGE, Hash.SHA256)[32:]
    assert not verifier.verify(SECP256K1_PUBLIC, MESSAGE, Hash.SHA256, r.to_bytes(32) + s)
    assert not verifier.verify(SECP256K1_PUBLIC, MESSAGE, Hash.SHA256, s + r.to_bytes(32))


@given(value=st.binary(max_size=130))
def test_garbage_is_no_signature(native: Native, value: bytes) -> None:
    verifier = NativeVerifier(native)
    assert not verifier.verify(ED25519_PUBLIC, MESSAGE, Hash.NONE, value)
    assert not verifier.verify(SECP256K1_PUBLIC, MESSAGE, Hash.SHA256, value)


@pytest.mark.parametrize("cut", [0, 1, 63])
def test_every_length_but_64_is_no_signature(verifier: Verifier, cut: int) -> None:
    for public_key, hash_, value in (
        (ED25519_PUBLIC, Hash.NONE, ED25519.sign(MESSAGE)),
        (SECP256K1_PUBLIC, Hash.SHA256, ecdsa(MESSAGE, Hash.SHA256)),
    ):
        assert not verifier.verify(public_key, MESSAGE, hash_, value[:cut])
        assert not verifier.verify(public_key, MESSAGE, hash_, value + value[: cut + 1])
