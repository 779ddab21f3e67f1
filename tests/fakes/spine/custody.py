"""A custody that really signs, with libraries that the daemon's own does not use."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

import coincurve
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from sha3 import keccak_256
from signward_server.core.errors import PayloadMalformed
from signward_server.core.imports import ImportTerms, WrappedKey, WrappingKey
from signward_server.core.key_check import Finding
from signward_server.core.keys import Algorithm, CustodyKind, KeyAttributes, KeyVersion
from signward_server.core.payloads import Hash
from signward_server.core.ports import CreatedVersion
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Signature, SigningContext

__all__ = ["FakeCustody", "digest"]

_Pair = Ed25519PrivateKey | coincurve.PrivateKey


class FakeCustody:
    """Implements ``core.ports.Custody`` and ``WrappingKeys``.

    Attributes:
        asked: What was to be signed, with its context, in order.
        together: How many were to be signed in one go, each time.
        imported: What was brought along, opened or not.
        forgotten: Ids that were wiped.
        failure: What ``sign`` and ``create`` raise.
        unlocked: Whether keys are said to be unlocked.
        findings: What ``check`` finds of each version.
        checked: The versions that were checked, in order.
        before_sign: Called with each context before anything is signed.
    """

    algorithms = frozenset(Algorithm)

    def __init__(
        self, kind: CustodyKind = CustodyKind.ENVELOPE, *, leaves_process: bool = False
    ) -> None:
        self.kind = kind
        self.leaves_process = leaves_process
        self.asked: list[tuple[bytes, SigningContext]] = []
        self.together: list[int] = []
        self.created: list[KeyAttributes] = []
        self.imported: list[WrappedKey] = []
        self.forgotten: list[str] = []
        self.failure: Exception | None = None
        self.unlocked = False
        self.findings: dict[int, list[Finding]] = {}
        self.checked: list[KeyVersion] = []
        self.before_sign: Callable[[SigningContext], None] = lambda context: None
        self._pairs: dict[bytes, _Pair] = {}
        self._wrapping: dict[bytes, X25519PrivateKey] = {}

    def create(self, attributes: KeyAttributes, version: int) -> CreatedVersion:
        if self.failure is not None:
            raise self.failure
        self.created.append(attributes)
        return CreatedVersion(self.pair(attributes.algorithm), "", b"sealed")

    def wrapping_key(self, terms: ImportTerms, expire_time: datetime) -> WrappingKey:
        if self.failure is not None:
            raise self.failure
        return self.wrap_with(X25519PrivateKey.generate())

    def wrap_with(self, private: X25519PrivateKey) -> WrappingKey:
        """Take a wrapping key that a test knows."""
        public_key = private.public_key().public_bytes_raw()
        self._wrapping[public_key] = private
        return WrappingKey(public_key, b"sealed")

    def import_key(
        self, attributes: KeyAttributes, version: int, wrapped: WrappedKey
    ) -> CreatedVersion:
        self.imported.append(wrapped)
        if self.failure is not None:
            raise self.failure
        private = self._wrapping[wrapped.wrapping.public_key]
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        try:
            secret = suite.decrypt(wrapped.sealed, private, wrapped.terms.info())
        except (InvalidTag, ValueError) as exc:
            raise PayloadMalformed from exc
        return CreatedVersion(self._known(attributes.algorithm, secret), "", b"sealed")

    def pair(self, algorithm: Algorithm) -> PublicKey:
        """Make a key pair that this custody can sign with."""
        return self._known(algorithm, secrets.token_bytes(32))

    def _known(self, algorithm: Algorithm, secret: bytes) -> PublicKey:
        private: _Pair
        if algorithm is Algorithm.ED25519:
            private = Ed25519PrivateKey.from_private_bytes(secret)
            public = PublicKey.ed25519(private.public_key().public_bytes_raw())
        else:
            private = coincurve.PrivateKey(secret)
            public = PublicKey.secp256k1(private.public_key.format(compressed=False))
        self._pairs[public.fingerprint] = private
        return public

    def sign(self, message: bytes, context: SigningContext) -> Signature:
        self.before_sign(context)
        self.asked.append((message, context))
        if self.failure is not None:
            raise self.failure
        private = self._pairs[context.version.public_key.fingerprint]
        if isinstance(private, Ed25519PrivateKey):
            return Signature(private.sign(message))
        signed = private.sign_recoverable(digest(message, context.hash), hasher=None)
        return Signature(signed[:64], signed[64])

    def sign_many(self, messages: Sequence[bytes], context: SigningContext) -> list[Signature]:
        self.together.append(len(messages))
        return [self.sign(message, context) for message in messages]

    def check(self, attributes: KeyAttributes, version: KeyVersion) -> list[Finding]:
        if self.failure is not None:
            raise self.failure
        self.checked.append(version)
        return self.findings.get(version.version, [])

    def is_unlocked(self, key_id: str, version: int) -> bool:
        return self.unlocked

    def forget(self, key_id: str) -> None:
        self.forgotten.append(key_id)

    def healthy(self) -> bool:
        return self.failure is None

    def close(self) -> None:
        self._pairs.clear()


def digest(message: bytes, hash_: Hash) -> bytes:
    if hash_ is Hash.SHA256:
        return hashlib.sha256(message).digest()
    if hash_ is Hash.KECCAK256:
        return keccak_256(message).digest()
    return message
