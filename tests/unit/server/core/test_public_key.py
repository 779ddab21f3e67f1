from __future__ import annotations

import hashlib

import coincurve
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from signward_server.core.public_key import PublicKey


def test_ed25519_has_the_encodings_of_another_library() -> None:
    theirs = Ed25519PrivateKey.generate().public_key()
    key = PublicKey.ed25519(theirs.public_bytes_raw())
    assert key.raw == theirs.public_bytes_raw()
    assert key.uncompressed == b""
    assert key.spki_der == theirs.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key.pem == theirs.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert key.fingerprint == hashlib.sha256(key.spki_der).digest()
    assert PublicKey.from_spki(key.spki_der) == key


@pytest.mark.parametrize("attempt", range(8))  # both parities of y
def test_secp256k1_has_the_encodings_of_another_library(attempt: int) -> None:
    secret = bytes([attempt + 1]) * 32
    ours = coincurve.PublicKey.from_valid_secret(secret)
    key = PublicKey.secp256k1(ours.format(compressed=False))
    theirs = load_pem_public_key(key.pem.encode())
    assert isinstance(theirs, ec.EllipticCurvePublicKey)
    assert isinstance(theirs.curve, ec.SECP256K1)
    assert key.raw == theirs.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    assert key.uncompressed == theirs.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert key.spki_der == theirs.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert PublicKey.from_spki(key.spki_der) == key


@pytest.mark.parametrize("size", [0, 31, 33])
def test_ed25519_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        PublicKey.ed25519(bytes(size))


@pytest.mark.parametrize("point", [b"", b"\x04" + bytes(63), b"\x04" + bytes(65), b"\x02" * 65])
def test_secp256k1_has_an_uncompressed_point(point: bytes) -> None:
    with pytest.raises(ValueError, match="65 bytes"):
        PublicKey.secp256k1(point)


def test_only_our_own_der_is_read_back() -> None:
    p256 = ec.generate_private_key(ec.SECP256R1()).public_key()
    spki = p256.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="not the SubjectPublicKeyInfo"):
        PublicKey.from_spki(spki)
    with pytest.raises(ValueError, match="32 bytes"):
        PublicKey.from_spki(PublicKey.ed25519(bytes(32)).spki_der + b"\0")
