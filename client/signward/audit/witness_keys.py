"""Private keys of witnesses, in one line of text.

``PRIVATE+KEY+NAME+HASH+KEY``, the form of golang.org/x/mod/sumdb/note, with the type of a
cosignature: the name, the id in hex, and in base64 one byte for the type and the 32 bytes of the
Ed25519 private key.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from signward.audit.base64_text import decode_base64, encode_base64
from signward.audit.ed25519 import public_key_of, sign
from signward.audit.errors import NoteError
from signward.audit.verifier_keys import KeyType, VerifierKey

__all__ = ["MAX_WITNESS_KEY", "WitnessKey", "make_witness_key", "parse_witness_key"]

MAX_WITNESS_KEY = 1024  # bytes
_SEED_SIZE = 32
_FORM = re.compile(r"PRIVATE\+KEY\+([^+]*)\+([0-9a-f]{8})\+(\S*)")
_MALFORMED = "this is not the private key of a witness"


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """A witness's private key.

    Attributes:
        verifier: Its public half.
        seed: 32 bytes; never shown.
    """

    verifier: VerifierKey
    seed: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Return 64 bytes over a message."""
        return sign(self.seed, message)

    def text(self) -> str:
        """Return the line that goes into a file which nobody else can read."""
        key = self.verifier
        typed = encode_base64(bytes([key.type]) + self.seed)
        return f"PRIVATE+KEY+{key.name}+{key.key_id.hex()}+{typed}"


def make_witness_key(name: str) -> WitnessKey:
    """Make the key of a new witness.

    Args:
        name: Of the witness, such as ``witness.example.org``; the world over the only one.

    Raises:
        NoteError: The name cannot be one.
    """
    return _key(name, secrets.token_bytes(_SEED_SIZE))


def parse_witness_key(text: str) -> WitnessKey:
    """Read what ``WitnessKey.text`` wrote; a line's end does not matter.

    Raises:
        NoteError: It is nothing of the kind; the text says no more, since it may be a secret.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise NoteError(_MALFORMED)
    try:
        typed = decode_base64(found[3])
    except ValueError as error:
        raise NoteError(_MALFORMED) from error
    if typed[:1] != bytes([KeyType.COSIGNATURE]) or len(typed) != 1 + _SEED_SIZE:
        raise NoteError(_MALFORMED)
    key = _key(found[1], typed[1:])
    if key.verifier.key_id.hex() != found[2]:
        raise NoteError(_MALFORMED)
    return key


def _key(name: str, seed: bytes) -> WitnessKey:
    return WitnessKey(VerifierKey(name, KeyType.COSIGNATURE, public_key_of(seed)), seed)
