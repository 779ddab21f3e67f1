"""The last checkpoint of a log: how far nothing may be missing."""

from __future__ import annotations

import os
from pathlib import Path

from signward.audit.checkpoints import (
    Checkpoint,
    parse_checkpoint,
    split_checkpoints,
    verify_checkpoint,
)
from signward.audit.errors import AuditError, NoteError
from signward.audit.segments import CHECKPOINTS_SUFFIX

from signward_server.audit.beginning import Place
from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.audit.files import write_all
from signward_server.core.startup import AuditRefused

__all__ = ["OTHER_LOG", "last_checkpoint", "signed_checkpoint"]

OTHER_LOG = (
    "give audit.origin and audit.checkpoint_key what belongs to this log, or begin another one "
    "with `signward audit init`"
)
"""What to do where key and log are no pair."""

_TORN_PARTS = 2  # into which one note that was not written to its end may fall


def last_checkpoint(place: Place, key: CheckpointKey) -> Checkpoint | None:
    """Return the last checkpoint in the files beside the segments, ``None`` if there is none.

    A note that was not written to its end is cut off.

    Raises:
        AuditRefused: The last whole one is not of this log, or not signed with this key.
        OSError: A file cannot be read, or not be cut.
    """
    found = place.folder.beside()
    for path in sorted((path for path in found if path.suffix == CHECKPOINTS_SUFFIX), reverse=True):
        if note := _last_note(place, path):
            return signed_checkpoint(note, key, path.name)
    return None


def signed_checkpoint(note: bytes, key: CheckpointKey, where: str) -> Checkpoint:
    """Return what a note says.

    Raises:
        AuditRefused: It is not a checkpoint of this log, signed with this key.
    """
    try:
        checkpoint = parse_checkpoint(note)
        verify_checkpoint(checkpoint, key.verifier)
    except AuditError as exc:
        raise AuditRefused(
            f"the last checkpoint in {where} cannot be used: {exc}", OTHER_LOG
        ) from exc
    return checkpoint


def _last_note(place: Place, path: Path) -> bytes:
    """Return the last whole note of a file, empty if there is none, and end the file with it."""
    data = path.read_bytes()
    notes = list(split_checkpoints(data))
    whole = len(notes)
    while whole and whole > len(notes) - _TORN_PARTS and not _is_whole(notes[whole - 1][1]):
        whole -= 1
    if whole < len(notes):
        place.files.cut(path, notes[whole][0])
    if not whole:
        return b""
    offset, note = notes[whole - 1]
    if offset + len(note) == len(data):
        _end(place, path)
    return note


def _is_whole(note: bytes) -> bool:
    try:
        parse_checkpoint(note)
    except NoteError:
        return False
    return True


def _end(place: Place, path: Path) -> None:
    """Write the empty line after the last note, which is all that is missing."""
    descriptor = place.files.reopen(path)
    try:
        write_all(place.files, descriptor, b"\n")
        place.files.sync(descriptor)
    finally:
        os.close(descriptor)
