"""Private keys that callers bring: what an import is for, and what is kept until it is used."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from signward_server.core.keys import Algorithm, Purpose

__all__ = [
    "IMPORT_LIFETIME",
    "WRAPPED_KEY_SIZE",
    "ImportTerms",
    "OpenImport",
    "WrappedKey",
    "WrappingKey",
]

IMPORT_LIFETIME: Final = timedelta(minutes=10)
"""How long a wrapping key lives that nobody uses."""

WRAPPED_KEY_SIZE: Final = 80
"""Bytes of a private key that is sealed with HPKE: 32 of the encapsulated key, 48 sealed."""

_LABEL: Final = b"signward import v1"
_LENGTH: Final = struct.Struct(">I")
_NUMBER: Final = struct.Struct(">Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportTerms:
    """What one import is for: nothing else can be made of what is sealed to it (S23).

    Attributes:
        import_id: Its name.
        identity: Who may use it, in typed form.
        key_id: The key to be made.
        algorithm: Of the private key.
        purpose: Of the key to be made.
        network: Of the key to be made; empty for raw and order keys.
    """

    import_id: str
    identity: str
    key_id: str
    algorithm: Algorithm
    purpose: Purpose
    network: str

    def info(self) -> bytes:
        """Return the ``info`` of HPKE (``docs/formats/import.md``).

        A length stands before each field: no two terms give the same bytes.
        """
        fields = (
            _LABEL,
            self.import_id.encode(),
            self.identity.encode(),
            self.key_id.encode(),
            _NUMBER.pack(self.algorithm),
            _NUMBER.pack(self.purpose),
            self.network.encode(),
        )
        return b"".join(_LENGTH.pack(len(field)) + field for field in fields)


@dataclass(frozen=True, slots=True)
class WrappingKey:
    """A key pair that one private key is to be sealed to.

    Attributes:
        public_key: X25519 public key, 32 bytes.
        sealed: The private half, sealed for this daemon and these terms alone.
    """

    public_key: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenImport:
    """An import that was not used yet.

    Attributes:
        id: Its name.
        identity: Who may use it.
        content: SHA-256 of what it was asked for.
        wrapping: Its key pair.
        expire_time: When it ends, UTC.
    """

    id: str
    identity: str
    content: bytes
    wrapping: WrappingKey
    expire_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A private key as it arrives.

    Attributes:
        terms: What it must have been sealed for.
        wrapping: What it must have been sealed to.
        expire_time: When that ends, UTC.
        sealed: The 32-byte private key, sealed with HPKE: 80 bytes if it is well formed.
    """

    terms: ImportTerms
    wrapping: WrappingKey
    expire_time: datetime
    sealed: bytes
