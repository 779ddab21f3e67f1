"""Public keys of logs and witnesses: the *vkey* of https://c2sp.org/signed-note.

``NAME+HASH+KEY``: the key's name, its id in hex, and in base64 one byte for the type of its
signatures and the key itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from signward.audit.base64_text import decode_base64, encode_base64
from signward.audit.ed25519 import verifies
from signward.audit.errors import NoteError, SignatureError
from signward.audit.notes import KEY_ID_SIZE, Note, NoteSignature, is_key_name

__all__ = ["KeyType", "VerifierKey", "parse_verifier_key"]

_MAX_TEXT = 1024
_KEY_SIZE = 32
_HEX = re.compile(r"[0-9a-f]{8}")


class KeyType(IntEnum):
    """What a signature of the key is made of."""

    ED25519 = 0x01  # 64 bytes over the note's text
    COSIGNATURE = 0x04  # a time and 64 bytes (https://c2sp.org/tlog-cosignature)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A named public key.

    Attributes:
        name: Of a log: its origin.
        type: What it signs.
        public_key: Ed25519, 32 bytes.

    Raises:
        NoteError: The name cannot be one, or the key has not 32 bytes.
    """

    name: str
    type: KeyType
    public_key: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise NoteError("the name of the key is empty, or contains a space or a plus")
        if len(self.public_key) != _KEY_SIZE:
            raise NoteError("the key has not 32 bytes")

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that name the key in signature lines."""
        return sha256(self.name.encode() + b"\n" + self._typed()).digest()[:KEY_ID_SIZE]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(self._typed())}"

    def signature(self, value: bytes) -> NoteSignature:
        """Return a signature of this key as a note carries it."""
        return NoteSignature(self.name, self.key_id, value)

    def signatures_on(self, note: Note) -> list[bytes]:
        """Return what this key is said to have signed a note with; nothing is verified.

        Raises:
            SignatureError: There is no signature of this key.
        """
        key_id = self.key_id
        found = [s.value for s in note.signatures if (s.name, s.key_id) == (self.name, key_id)]
        if not found:
            raise SignatureError(f"it is not signed by {self.name}+{key_id.hex()}")
        return found

    def require(self, signature: bytes, message: bytes) -> None:
        """Verify 64 bytes over a message.

        Raises:
            SignatureError: This key did not make them.
        """
        if not verifies(self.public_key, signature, message):
            raise SignatureError(f"its signature is not one of {self.name}+{self.key_id.hex()}")

    def _typed(self) -> bytes:
        return bytes([self.type]) + self.public_key


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a vkey; spaces and line ends around it do not matter.

    Raises:
        NoteError: It is not one, or of a type that is not known here.
    """
    text = text.strip()
    if len(text) > _MAX_TEXT:
        raise NoteError("the verifier key is too long")
    name, _, rest = text.partition("+")
    written_id, _, value = rest.partition("+")
    if not _HEX.fullmatch(written_id):
        raise NoteError("a verifier key is NAME+HASH+KEY, with 8 hex digits in the middle")
    try:
        typed = decode_base64(value)
        key_type = KeyType(typed[0])
    except (ValueError, IndexError) as error:
        raise NoteError("the verifier key is malformed, or of an unknown type") from error
    key = VerifierKey(name, key_type, typed[1:])
    if key.key_id.hex() != written_id:
        raise NoteError("the hash in the verifier key is not that of its name and key")
    return key
