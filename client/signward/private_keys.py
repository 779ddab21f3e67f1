"""Reading private keys in the forms that other programs keep them in."""

from __future__ import annotations

import enum
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
)

from signward.v1 import resources_pb2 as resources

__all__ = ["KeyFormat", "PrivateKeyError", "read_private_key"]

_SIZE = 32
_PEM = b"-----BEGIN "
_LABELS = {"pkcs8": (b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY"), "sec1": (b"EC PRIVATE KEY",)}


class PrivateKeyError(ValueError):
    """What was given is no private key that can be used; the text shows nothing of it."""


class KeyFormat(enum.StrEnum):
    """How a private key is written down."""

    AUTO = "auto"
    RAW = "raw"
    HEX = "hex"
    PKCS8 = "pkcs8"
    SEC1 = "sec1"


def read_private_key(
    content: bytes,
    form: KeyFormat,
    algorithm: resources.Algorithm.ValueType,
    passphrase: Callable[[], bytes],
) -> bytes:
    """Return a private key as 32 bytes: Ed25519 seed, or secp256k1 scalar, big-endian.

    Args:
        content: 32 bytes (raw), 64 hex digits with or without ``0x`` (hex), PKCS#8 (RFC 5958)
            or SEC 1 (RFC 5915) in DER or PEM.
        form: Which of these it is; AUTO finds out.
        algorithm: What the key must be for; nothing can be told of raw bytes and hex.
        passphrase: Asked if the key is encrypted.

    Raises:
        PrivateKeyError: It is none of these, is damaged, or is for another algorithm.
    """
    digits = _hex_digits(content)
    if form is KeyFormat.RAW or (form is KeyFormat.AUTO and len(content) == _SIZE):
        if len(content) != _SIZE:
            raise PrivateKeyError("a raw private key has exactly 32 bytes")
        return content
    if form is KeyFormat.HEX or (form is KeyFormat.AUTO and digits is not None):
        if digits is None:
            raise PrivateKeyError("a private key in hex has exactly 64 digits")
        return digits
    return _raw(_load(content, form, passphrase), algorithm)


def _hex_digits(content: bytes) -> bytes | None:
    text = content.strip().removeprefix(b"0x")
    if len(text) != 2 * _SIZE:
        return None
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None


def _load(content: bytes, form: KeyFormat, passphrase: Callable[[], bytes]) -> object:
    labels = _LABELS.get(form.value)
    is_pem = _PEM in content
    if is_pem and labels and not any(_PEM + label + b"-----" in content for label in labels):
        raise PrivateKeyError(f"the file is PEM, but not {form.value}")
    load = load_pem_private_key if is_pem else load_der_private_key
    try:
        try:
            return load(content, None)
        except TypeError:  # it is encrypted
            return load(content, passphrase())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass  # nothing of what the library says is shown: it may quote the file
    raise PrivateKeyError("the file holds no private key, or the passphrase is wrong")


def _raw(key: object, algorithm: resources.Algorithm.ValueType) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        found, raw = resources.ALGORITHM_ED25519, key.private_bytes_raw()
    elif isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256K1):
        scalar = key.private_numbers().private_value
        found, raw = resources.ALGORITHM_ECDSA_SECP256K1, scalar.to_bytes(_SIZE)
    else:
        raise PrivateKeyError("the file holds a private key that is neither Ed25519 nor secp256k1")
    if found != algorithm:
        raise PrivateKeyError("the file holds a private key of another algorithm")
    return raw
