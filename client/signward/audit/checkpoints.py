"""Checkpoints (https://c2sp.org/tlog-checkpoint): the log's signed word on its size and root."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from signward.audit.base64_text import decode_base64, encode_base64
from signward.audit.errors import NoteError, SignatureError
from signward.audit.framing import Buffer
from signward.audit.merkle import HASH_SIZE
from signward.audit.notes import MAX_NOTE, Note, is_key_name, parse_note
from signward.audit.verifier_keys import KeyType, VerifierKey

__all__ = [
    "Checkpoint",
    "Signer",
    "checkpoint_text",
    "parse_checkpoint",
    "sign_checkpoint",
    "split_checkpoints",
    "verify_checkpoint",
]

Signer: TypeAlias = Callable[[bytes], bytes]
"""Signs a message with Ed25519; returns 64 bytes."""

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_MAX_SIZE = (1 << 63) - 1
_LEAST_LINES = 3
_END = b"\n\n"
_SIGNATURE = "\u2014 ".encode()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says; who signed it has yet to be verified.

    Attributes:
        origin: Name of the log.
        size: Number of records.
        root: Root of the tree over them, 32 bytes.
        note: The signed note that says so.
    """

    origin: str
    size: int
    root: bytes
    note: Note


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """Return the text that is signed: three lines."""
    return f"{origin}\n{size}\n{encode_base64(root)}\n"


def sign_checkpoint(key: VerifierKey, sign: Signer, size: int, root: bytes) -> bytes:
    """Return a checkpoint as a signed note.

    Args:
        key: The log's; its name is the origin.
        sign: Signs with the private key that belongs to it.
        size: Number of records.
        root: Root of the tree over them, 32 bytes.
    """
    text = checkpoint_text(key.name, size, root)
    return bytes(Note(text, (key.signature(sign(text.encode())),)))


def parse_checkpoint(data: bytes) -> Checkpoint:
    """Read a checkpoint; nothing is verified.

    Raises:
        NoteError: It is not one.
    """
    note = parse_note(data)
    lines = note.text[:-1].split("\n")
    if len(lines) < _LEAST_LINES or not all(lines):
        raise NoteError("a checkpoint has three lines or more, none of them empty")
    origin, size, root = lines[:_LEAST_LINES]
    if not is_key_name(origin):
        raise NoteError("the origin contains a space or a plus")
    if not _SIZE.fullmatch(size) or int(size) > _MAX_SIZE:
        raise NoteError("the size of the checkpoint is not a number")
    try:
        decoded = decode_base64(root)
    except ValueError as error:
        raise NoteError(f"the root of the checkpoint is {error}") from error
    if len(decoded) != HASH_SIZE:
        raise NoteError("the root of the checkpoint has not 32 bytes")
    return Checkpoint(origin, int(size), decoded, note)


def verify_checkpoint(checkpoint: Checkpoint, key: VerifierKey) -> None:
    """Verify that a log signed a checkpoint.

    Raises:
        SignatureError: The origin is not the key's name, its signature is missing, or one that
            is said to be of this key does not verify.
    """
    if key.type is not KeyType.ED25519:
        raise SignatureError("the key is one of a witness, not of a log")
    if checkpoint.origin != key.name:
        raise SignatureError(f"it is of another log ({checkpoint.origin})")
    message = checkpoint.note.text.encode()
    for signature in key.signatures_on(checkpoint.note):
        key.require(signature, message)


def split_checkpoints(data: Buffer) -> Iterator[tuple[int, bytes]]:
    """Split a file of checkpoints, each followed by an empty line.

    Yields:
        Offset and bytes of each note, whatever they hold. What is malformed takes those after it
        not along; what is left at the end of the file, such as a note that was not written to
        its end, comes last. Of what is longer than a note can be, one byte too many is there. One
        note without an empty line after it is a file of one as well.
    """
    start = 0
    while start < len(data):
        end = data.find(_END, start)
        block = end + len(_END)
        if end >= 0 and _SIGNATURE.startswith(data[block : block + len(_SIGNATURE)]):
            end = data.find(_END, block)
        stop = len(data) if end < 0 else end + 1
        yield start, data[start : min(stop, start + MAX_NOTE + 1)]
        start = stop + 1
