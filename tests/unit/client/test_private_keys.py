"""Private keys in every form that other programs write."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from signward.private_keys import KeyFormat, PrivateKeyError, read_private_key
from signward.v1 import resources_pb2 as resources

SECRET = bytes(range(1, 33))
ED, EC = resources.ALGORITHM_ED25519, resources.ALGORITHM_ECDSA_SECP256K1
MADE = {
    ED: ed25519.Ed25519PrivateKey.from_private_bytes(SECRET),
    EC: ec.derive_private_key(int.from_bytes(SECRET), ec.SECP256K1()),
}
PEM, DER = ser.Encoding.PEM, ser.Encoding.DER
PKCS8, TRADITIONAL = ser.PrivateFormat.PKCS8, ser.PrivateFormat.TraditionalOpenSSL
OPEN = ser.NoEncryption()
SEALED = ser.BestAvailableEncryption(b"pass phrase")


def written(algorithm, encoding=PEM, form=PKCS8, encryption=OPEN):
    return MADE[algorithm].private_bytes(encoding, form, encryption)


def unasked():
    raise AssertionError("nothing is encrypted")


PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBgUrgQQACg==\n-----END EC PARAMETERS-----\n"
FORMS = {
    "raw": (SECRET, "raw", ED),
    "hex": (SECRET.hex().encode(), "hex", ED),
    "hex-line": (SECRET.hex().upper().encode() + b"\r\n", "hex", EC),
    "hex-0x": (b" 0x" + SECRET.hex().encode() + b"\n", "hex", EC),
    "pkcs8-pem-ed25519": (written(ED), "pkcs8", ED),
    "pkcs8-der-ed25519": (written(ED, DER), "pkcs8", ED),
    "pkcs8-pem-secp256k1": (written(EC), "pkcs8", EC),
    "pkcs8-der-secp256k1": (written(EC, DER), "pkcs8", EC),
    "sec1-pem": (written(EC, form=TRADITIONAL), "sec1", EC),
    "sec1-der": (written(EC, DER, TRADITIONAL), "sec1", EC),
    "sec1-openssl": (PARAMETERS + written(EC, form=TRADITIONAL), "sec1", EC),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("auto", [False, True])
def test_every_form_gives_the_same_32_bytes(name, auto):
    content, form, algorithm = FORMS[name]
    form = KeyFormat.AUTO if auto else KeyFormat(form)
    assert read_private_key(content, form, algorithm, unasked) == SECRET


def test_a_scalar_with_leading_zeros_keeps_them():
    small = ec.derive_private_key(7, ec.SECP256K1()).private_bytes(PEM, PKCS8, OPEN)
    assert read_private_key(small, KeyFormat.AUTO, EC, unasked) == bytes(31) + b"\x07"


@pytest.mark.parametrize(
    ("algorithm", "encoding", "form"),
    [(ED, PEM, PKCS8), (ED, DER, PKCS8), (EC, PEM, PKCS8), (EC, PEM, TRADITIONAL)],
)
def test_what_is_encrypted_asks_for_its_passphrase(algorithm, encoding, form):
    content = written(algorithm, encoding, form, SEALED)
    asked = []

    def passphrase():
        asked.append(1)
        return b"pass phrase"

    assert read_private_key(content, KeyFormat.AUTO, algorithm, passphrase) == SECRET
    assert asked == [1]
    with pytest.raises(PrivateKeyError, match="or the passphrase is wrong"):
        read_private_key(content, KeyFormat.AUTO, algorithm, lambda: b"another")


P256 = ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, PKCS8, OPEN)
RSA = rsa.generate_private_key(65537, 2048).private_bytes(PEM, PKCS8, OPEN)
PUBLIC = MADE[ED].public_key().public_bytes(PEM, ser.PublicFormat.SubjectPublicKeyInfo)
NO_KEY = "the file holds no private key, or"
OTHER = "neither Ed25519 nor secp256k1"


@pytest.mark.parametrize(
    ("content", "form", "algorithm", "problem"),
    [
        (b"", "auto", ED, NO_KEY),
        (SECRET[:31], "auto", ED, NO_KEY),
        (SECRET + b"\n", "raw", ED, "exactly 32 bytes"),
        (SECRET.hex().encode()[:-1], "hex", ED, "exactly 64 digits"),
        (SECRET.hex().encode()[:-1] + b"g", "hex", ED, "exactly 64 digits"),
        (SECRET.hex().encode()[:-1] + b"g", "auto", ED, NO_KEY),
        (b"\xff" * 64, "hex", ED, "exactly 64 digits"),
        (written(ED)[:-40], "auto", ED, NO_KEY),
        (written(ED, DER)[:-1], "auto", ED, NO_KEY),
        (written(ED), "sec1", ED, "PEM, but not sec1"),
        (written(EC, form=TRADITIONAL), "pkcs8", EC, "PEM, but not pkcs8"),
        (written(ED), "auto", EC, "of another algorithm"),
        (written(EC), "auto", ED, "of another algorithm"),
        (P256, "auto", EC, OTHER),
        (RSA, "auto", ED, OTHER),
        (PUBLIC, "auto", ED, NO_KEY),
    ],
)
def test_what_is_no_such_key_is_refused(content, form, algorithm, problem):
    with pytest.raises(PrivateKeyError, match=problem) as raised:
        read_private_key(content, KeyFormat(form), algorithm, unasked)
    assert SECRET.hex()[:16] not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


@given(st.binary(max_size=200), st.sampled_from(KeyFormat), st.sampled_from([ED, EC]))
def test_any_bytes_are_32_bytes_or_an_error(content, form, algorithm):
    try:
        found = read_private_key(content, form, algorithm, unasked)
    except PrivateKeyError:
        return
    assert len(found) == 32
