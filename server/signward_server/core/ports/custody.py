"""Where private material lives, and what seals it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from signward_server.core.imports import ImportTerms, WrappedKey, WrappingKey
from signward_server.core.key_check import Finding
from signward_server.core.keys import Algorithm, CustodyKind, KeyAttributes, KeyVersion
from signward_server.core.payloads import Hash
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Signature, SigningContext

__all__ = [
    "CreatedVersion",
    "Custody",
    "MaterialReader",
    "RowAuthenticator",
    "Verifier",
    "WrappingKeys",
]


@dataclass(frozen=True, slots=True)
class CreatedVersion:
    """A key pair that a custody has just made.

    Attributes:
        public_key: Public half.
        backend_ref: Name of the private half in its backend, empty if none.
        material: Sealed private half to store beside the key, ``None`` if the backend keeps it.
    """

    public_key: PublicKey
    backend_ref: str
    material: bytes | None


class Custody(Protocol):
    """Where private material lives. Interprets no Intent and knows no chain."""

    @property
    def kind(self) -> CustodyKind:
        """Which custody this is."""
        ...

    @property
    def algorithms(self) -> frozenset[Algorithm]:
        """What it can make keys for."""
        ...

    @property
    def leaves_process(self) -> bool:
        """Whether a signature takes a call to another process or machine (S35)."""
        ...

    def create(self, attributes: KeyAttributes, version: int) -> CreatedVersion:
        """Make a key pair, bound to these attributes and this version number.

        Raises:
            CustodyUnavailable: It cannot be made now; nothing is left behind.
        """
        ...

    def import_key(
        self, attributes: KeyAttributes, version: int, wrapped: WrappedKey
    ) -> CreatedVersion:
        """Take over a private half, bound to these attributes and this version number.

        It is in locked memory alone while it is not sealed, and nothing of it is left behind
        however this ends.

        Raises:
            PayloadMalformed: It was not sealed to the wrapping key for its terms, or is no
                private half of the algorithm. Zeros are none of any algorithm.
            EnvelopeCorrupt: The wrapping key was not made for these terms.
            CustodyUnavailable: It cannot be taken over now.
        """
        ...

    def sign(self, message: bytes, context: SigningContext) -> Signature:
        """Sign one message with the version that the context names.

        For secp256k1 the message is hashed as ``context.hash`` says, the nonce is that of
        RFC 6979 where the key is local, and s is low. The signature is known to be the
        named version's when this returns.

        Raises:
            CustodyUnavailable: It cannot sign now; trying again may help.
            EnvelopeCorrupt: The material does not belong to this key and version.
            SignatureSelfCheckFailed: A signature came out wrong and was discarded.
        """
        ...

    def sign_many(self, messages: Sequence[bytes], context: SigningContext) -> Sequence[Signature]:
        """Sign messages as ``sign`` does, in order: all of them, or none.

        For local keys alone: what leaves the process is judged one by one.
        """
        ...

    def check(self, attributes: KeyAttributes, version: KeyVersion) -> Sequence[Finding]:
        """Compare what the back end has of a version with what the catalogue says of it.

        Nothing stays unlocked by it. Of a destroyed version nothing may be there.

        Returns:
            Every problem; none if the version is sound.

        Raises:
            CustodyUnavailable, StoreUnavailable: The back end cannot be read now.
        """
        ...

    def is_unlocked(self, key_id: str, version: int) -> bool:
        """Return whether ``sign`` would wait neither for the store nor for anybody else.

        It may be wrong by the time it signs; that costs waiting, nothing else.
        """
        ...

    def forget(self, key_id: str) -> None:
        """Wipe whatever is unlocked of a key; unknown ids are fine."""
        ...

    def healthy(self) -> bool:
        """Return whether a signature could be made now (promise 10)."""
        ...

    def close(self) -> None:
        """Wipe every secret; nothing can be signed afterwards."""
        ...


class WrappingKeys(Protocol):
    """Makes what private keys are sealed to on their way here (S23)."""

    def wrapping_key(self, terms: ImportTerms, expire_time: datetime) -> WrappingKey:
        """Make a key pair for one import, its private half sealed for these terms.

        Raises:
            CustodyUnavailable: It cannot be made now.
        """
        ...


class MaterialReader(Protocol):
    """Reads sealed private halves."""

    def read_material(self, key_id: str, version: int) -> bytes:
        """Return the sealed private half of a version.

        Raises:
            EnvelopeCorrupt: There is none.
            StoreUnavailable: The store cannot be read now.
        """
        ...


class RowAuthenticator(Protocol):
    """Authenticates stored rows under a key that the store does not have (S17)."""

    def tag(self, row: bytes) -> bytes:
        """Return the 32-byte MAC of a row's canonical bytes."""
        ...

    def matches(self, row: bytes, tag: bytes) -> bool:
        """Return whether this is the row's MAC, in constant time."""
        ...


class Verifier(Protocol):
    """Checks signatures with public keys alone."""

    def verify(self, public_key: PublicKey, message: bytes, hash_: Hash, value: bytes) -> bool:
        """Return whether 64 bytes are this key's signature of the message, with low s.

        A 65th byte is the recovery id of secp256k1, which must give this key as well.
        """
        ...
