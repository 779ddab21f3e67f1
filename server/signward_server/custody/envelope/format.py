"""The sealed form of a private half, version 1 (``docs/formats/envelope.md``)."""

from __future__ import annotations

import struct
from dataclasses import astuple, dataclass
from typing import Final

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.keys import KeyAttributes
from signward_server.core.public_key import PublicKey

__all__ = ["Binding", "SealedKey", "framed", "number", "sealing_kek"]

_MAGIC: Final = b"signward"
_VERSION: Final = 1
# magic, version, KEK id, nonce and wrapped data key, nonce and sealed private half
_LAYOUT: Final = struct.Struct(">8sB16s12s48s12s48s")
_LENGTH: Final = struct.Struct(">I")
_NUMBER: Final = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A parsed envelope; nothing in it is secret, and nothing is trusted yet.

    Attributes:
        kek_id: Which KEK wrapped the data key, 16 bytes.
        wrap_nonce: 12 bytes.
        wrapped_key: The data key under the KEK, 48 bytes.
        seal_nonce: 12 bytes.
        sealed: The private half under the data key, 48 bytes.
    """

    kek_id: bytes
    wrap_nonce: bytes
    wrapped_key: bytes
    seal_nonce: bytes
    sealed: bytes

    @classmethod
    def parse(cls, blob: bytes) -> SealedKey:
        """Read the bytes of an envelope.

        Raises:
            EnvelopeCorrupt: They are not exactly one envelope of version 1.
        """
        if len(blob) != _LAYOUT.size:
            raise EnvelopeCorrupt
        magic, version, *fields = _LAYOUT.unpack(blob)
        if magic != _MAGIC or version != _VERSION:
            raise EnvelopeCorrupt
        return cls(*fields)

    def encode(self) -> bytes:
        """Return the bytes of the envelope, 145 of them."""
        return _LAYOUT.pack(_MAGIC, _VERSION, *astuple(self))


def sealing_kek(blob: bytes) -> bytes:
    """Return the id of the KEK that an envelope needs, 16 bytes.

    Raises:
        EnvelopeCorrupt: The bytes are not an envelope of version 1.
    """
    return SealedKey.parse(blob).kek_id


@dataclass(frozen=True, slots=True)
class Binding:
    """What an envelope belongs to: it opens under exactly this (S17).

    Attributes:
        attributes: The immutable attributes; what else a ``Key`` has does not count.
        version: Number of the version.
        public_key: Its public half.
    """

    attributes: KeyAttributes
    version: int
    public_key: PublicKey

    def for_secret(self) -> bytes:
        """Return the associated data of the sealed private half.

        It leaves the KEK out, so that a data key can be wrapped anew without opening the
        private half.
        """
        return framed(b"signward envelope v1 private half", *self._fields())

    def for_data_key(self, kek_id: bytes) -> bytes:
        """Return the associated data of the wrapped data key."""
        return framed(b"signward envelope v1 data key", kek_id, *self._fields())

    def _fields(self) -> tuple[bytes, ...]:
        attributes = self.attributes
        vault = (attributes.vault_address.encode(),) if attributes.vault_address else ()
        return (
            attributes.id.encode(),
            number(self.version),
            number(attributes.algorithm),
            number(attributes.purpose),
            number(attributes.custody),
            attributes.network.encode(),
            number(attributes.allow_digest),
            self.public_key.spki_der,
            *vault,
        )


def framed(*fields: bytes) -> bytes:
    """Return fields with the length of each before it: no two lists give the same bytes."""
    return b"".join(_LENGTH.pack(len(field)) + field for field in fields)


def number(value: int) -> bytes:
    """Return a field of 8 bytes."""
    return _NUMBER.pack(value)
