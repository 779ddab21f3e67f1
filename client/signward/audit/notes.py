"""Signed notes (https://c2sp.org/signed-note): a text, and signatures of named keys under it.

Reading is strict: whatever is read would be written again with the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from signward.audit.base64_text import decode_base64, encode_base64
from signward.audit.errors import NoteError

__all__ = [
    "KEY_ID_SIZE",
    "MAX_NOTE",
    "MAX_SIGNATURES",
    "Note",
    "NoteSignature",
    "is_key_name",
    "parse_note",
    "signature_line",
]

MAX_NOTE = 1_000_000  # bytes; as golang.org/x/mod/sumdb/note
MAX_SIGNATURES = 100  # as there
KEY_ID_SIZE = 4  # bytes
_DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line.

    Attributes:
        name: Name of the key.
        key_id: 4 bytes that tell keys of one name apart.
        value: The signature itself; its form depends on the key's type.
    """

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures, none of them verified.

    Attributes:
        text: With its final newline, without the empty line after it.
        signatures: In the order of their lines, those of unknown keys included.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def __bytes__(self) -> bytes:
        lines = "".join(map(signature_line, self.signatures))
        return f"{self.text}\n{lines}".encode()

    def signed(self, signatures: Iterable[NoteSignature]) -> Note:
        """Return the note with further signatures below those that it has."""
        return replace(self, signatures=(*self.signatures, *signatures))


def is_key_name(name: str) -> bool:
    """Return whether a key may be called this: not empty, no space, plus, control, surrogate."""
    return bool(name) and not any(
        c.isspace() or c == "+" or c < " " or "\ud800" <= c <= "\udfff" for c in name
    )


def signature_line(signature: NoteSignature) -> str:
    """Return the line of a signature, newline included."""
    value = encode_base64(signature.key_id + signature.value)
    return f"{_DASH}{signature.name} {value}\n"


def parse_note(data: bytes) -> Note:
    """Read a signed note.

    Raises:
        NoteError: It is not one, or it is larger than ``MAX_NOTE``.
    """
    if len(data) > MAX_NOTE:
        raise NoteError("the note is too long")
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError("the note is not UTF-8") from error
    if any(c < " " and c != "\n" for c in content):
        raise NoteError("the note contains a control character")
    text, separator, block = content.rpartition("\n\n")
    if not separator or not block.endswith("\n"):
        raise NoteError("the note has no signatures after an empty line")
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError("the note has too many signatures")
    return Note(text + "\n", tuple(map(_signature, lines)))


def _signature(line: str) -> NoteSignature:
    name, separator, value = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator or not is_key_name(name):
        raise NoteError("the note has a malformed signature line")
    try:
        data = decode_base64(value)
    except ValueError as error:
        raise NoteError(f"the note has a malformed signature: {error}") from error
    if len(data) <= KEY_ID_SIZE:
        raise NoteError("the note has a signature that is too short")
    return NoteSignature(name, data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])
