"""The files of checkpoints beside the segments."""

from __future__ import annotations

from pathlib import Path

from signward.audit.checkpoints import Checkpoint, parse_checkpoint, split_checkpoints
from signward.audit.errors import NoteError
from signward.audit.findings import Finding, Kind
from signward.audit.folder import mapped
from signward.audit.framing import Buffer
from signward.audit.marks import Mark
from signward.audit.notes import MAX_NOTE

__all__ = ["last_in", "last_size", "read_marks", "unreadable"]

_TAIL = 65_536  # bytes at the end of a file in which its last checkpoint is looked for


def unreadable(name: str, error: OSError) -> Finding:
    """Return the finding of a file that cannot be read."""
    return Finding(Kind.UNREADABLE, f"it cannot be read: {error.strerror}", name)


def read_marks(path: Path, least: int, findings: list[Finding]) -> list[Mark]:
    """Return the checkpoints of a file, ascending; signatures are not verified.

    What is malformed, or older than what stands before it, is told of and left out.

    Args:
        path: The file; it need not exist.
        least: First sequence of the segment that it stands beside.
        findings: Where to say what is wrong.
    """
    marks: list[Mark] = []
    try:
        with mapped(path) as content:
            _read(content, path.name, least, marks, findings)
    except FileNotFoundError:
        pass
    except OSError as error:
        findings.append(unreadable(path.name, error))
    return marks


def _read(
    content: Buffer, name: str, least: int, marks: list[Mark], findings: list[Finding]
) -> None:
    newest = least - 1
    for offset, note in split_checkpoints(content):
        end = offset + len(note)
        if len(note) <= MAX_NOTE and content[end : end + 1] != b"\n":  # the empty line
            text = "the last checkpoint was not written to its end"
            findings.append(Finding(Kind.TORN_TAIL, text, name, offset))
            return
        try:
            checkpoint = parse_checkpoint(note)
        except NoteError as error:
            text = f"a checkpoint is malformed: {error}"
            findings.append(Finding(Kind.CHECKPOINT, text, name, offset))
            continue
        if checkpoint.size <= newest:
            text = (
                f"an old checkpoint, of {checkpoint.size} records, stands where a newer one should"
            )
            findings.append(Finding(Kind.REPLAYED, text, name, offset))
            continue
        newest = checkpoint.size
        marks.append(Mark(checkpoint, name, offset))


def last_size(path: Path) -> int:
    """Return the size in the last checkpoint of a file that can be read, -1 if there is none."""
    newest = last_in(path)
    return -1 if newest is None else newest.size


def last_in(path: Path) -> Checkpoint | None:
    """Return the largest checkpoint at the end of a file that can be read; nothing is verified."""
    try:
        with mapped(path) as data:
            tail = data[-_TAIL:]
    except OSError:
        return None
    newest: Checkpoint | None = None
    for _, note in split_checkpoints(tail):
        try:
            found = parse_checkpoint(note)
        except NoteError:
            continue
        if newest is None or found.size > newest.size:
            newest = found
    return newest
