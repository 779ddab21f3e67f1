"""What there is to scan in one segment, and the checkpoints that it has to agree with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from signward.audit.checkpoint_files import read_marks
from signward.audit.checkpoints import parse_checkpoint
from signward.audit.errors import NoteError
from signward.audit.findings import Finding, Kind
from signward.audit.marks import Mark
from signward.audit.segments import Header
from signward.audit.verifier_keys import VerifierKey

__all__ = ["Task", "mark_of_header", "marks_of"]


@dataclass(frozen=True, slots=True)
class Task:
    """A segment to go through.

    Attributes:
        path: Its file.
        header: Its header, which was read before.
        start: Offset of the first record.
        stop: Offset at which the next segment says that the last record ends; ``None``: the end
            of the file.
        limit: First record of the next segment; ``None``: this is the last one.
        checkpoints: Its file of checkpoints.
        earlier: Those beside earlier segments that speak of records of this one.
        given: Verified checkpoints from outside, of sizes in it.
        key: The log's.
        hashes: File of stored hashes to compare with, if there is one.
        begins: First record of a log whose beginning is gone: a record is looked for that says
            so; ``None``: it is all there.
    """

    path: Path
    header: Header
    start: int
    stop: int | None
    limit: int | None
    checkpoints: Path
    earlier: tuple[Mark, ...]
    given: tuple[Mark, ...]
    key: VerifierKey
    hashes: Path | None
    begins: int | None = None


def marks_of(task: Task, findings: list[Finding]) -> list[Mark]:
    """Return the checkpoints that a segment has to agree with, ascending by size."""
    first, limit = task.header.first, task.limit
    own = [
        *mark_of_header(task.header, task.path.name, findings),
        *read_marks(task.checkpoints, first, findings),
        *task.earlier,
    ]
    found = [
        mark for mark in own
        if mark.size >= first and (limit is None or mark.size <= limit)
    ]  # fmt: skip
    return sorted([*found, *task.given], key=lambda mark: mark.size)


def mark_of_header(header: Header, name: str, findings: list[Finding]) -> list[Mark]:
    """Return the checkpoint in a segment's header, if there is one; nothing is verified.

    Args:
        header: The header.
        name: Of the segment.
        findings: Where to say what is wrong.
    """
    if not header.checkpoint:
        return []
    try:
        checkpoint = parse_checkpoint(header.checkpoint.encode("utf-8", "replace"))
    except NoteError as error:
        text = f"the checkpoint in its header is malformed: {error}"
        findings.append(Finding(Kind.CHECKPOINT, text, name, 0))
        return []
    if checkpoint.size == header.first:
        return [Mark(checkpoint, name, 0)]
    text = f"the checkpoint in its header is an old one, of {checkpoint.size} records"
    findings.append(Finding(Kind.REPLAYED, text, name, 0))
    return []
