"""Checks signatures with `cryptography`, which signs nothing in the tests of secp256k1."""

from __future__ import annotations

import coincurve
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from signward_server.core.payloads import Hash
from signward_server.core.public_key import PublicKey

from tests.fakes.spine.custody import digest

__all__ = ["FakeVerifier"]


_SIZE = 64


def _recovers(public_key: PublicKey, message: bytes, hash_: Hash, value: bytes) -> bool:
    found = coincurve.PublicKey.from_signature_and_message(
        value, digest(message, hash_), hasher=None
    )
    return found.format(compressed=True) == public_key.raw


class FakeVerifier:
    """Implements ``core.ports.Verifier``."""

    def verify(self, public_key: PublicKey, message: bytes, hash_: Hash, value: bytes) -> bool:
        loaded = load_der_public_key(public_key.spki_der)
        try:
            if isinstance(loaded, Ed25519PublicKey):
                loaded.verify(value, message)
            elif isinstance(loaded, ec.EllipticCurvePublicKey):
                r, s = (int.from_bytes(half) for half in (value[:32], value[32:64]))
                algorithm = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
                loaded.verify(utils.encode_dss_signature(r, s), digest(message, hash_), algorithm)
                return len(value) == _SIZE or _recovers(public_key, message, hash_, value)
        except InvalidSignature:
            return False
        return True
