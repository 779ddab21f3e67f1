"""Reading the segments of a log from the start, to hash again what was hashed before."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signward.audit.checkpoints import Checkpoint
from signward.audit.errors import SegmentError
from signward.audit.framing import Buffer, frames
from signward.audit.merkle import CompactRange
from signward.audit.segments import Header, read_header

from signward_server.audit.segment import Marks
from signward_server.audit.tree import Tree
from signward_server.core.startup import AuditRefused

__all__ = ["DAMAGED", "Last", "content_of", "refuse_other_tree", "replay_last", "replay_sealed"]

DAMAGED = (
    "run `signward audit verify` to see more; put back what is missing, or move the folder away "
    "as evidence and begin another log with `signward audit init`"
)
"""What to do where a log does not hold what it has to."""

_PART = 4096  # records


class Last:
    """What was found in the last segment.

    Attributes:
        size: Bytes that are valid.
        number: Number after its last record.
        marks: Where its records begin.
    """

    __slots__ = ("marks", "number", "size")

    def __init__(self, header: Header, offset: int) -> None:
        self.size = offset
        self.number = header.first
        self.marks = Marks(header.first, offset)


@contextmanager
def content_of(path: Path) -> Iterator[Buffer]:
    """Yield what is in a segment.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        if not file.seek(0, 2):
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content


def replay_sealed(path: Path, tree: Tree, following: Header) -> None:
    """Add the records of a segment that is not the last one.

    Args:
        path: The segment.
        tree: Of the size that its header says.
        following: Header of the next segment.

    Raises:
        AuditRefused: It does not hold what the next one says.
        OSError: It cannot be read, or the hashes not be written.
    """
    with content_of(path) as content:
        try:
            header, offset = read_header(content, path.name)
            _agree(path, header, tree)
            previous = following.previous
            if previous is None or previous.first != header.first or previous.end > len(content):
                raise AuditRefused(f"{path.name} is not what the next segment says", DAMAGED)
            part = []
            for _, body in frames(content, offset, previous.end, path.name, header.first):
                part.append(body)
                if len(part) == _PART:
                    _add(tree, part)
            _add(tree, part)
        except SegmentError as exc:
            raise AuditRefused(f"the audit log is damaged: {exc}", DAMAGED) from exc


def replay_last(
    path: Path,
    content: Buffer,
    start: tuple[Header, int],
    tree: Tree,
    checkpoint: Checkpoint | None,
) -> Last:
    """Add those records of the last segment that the tree does not have yet.

    It ends at the first record that is not whole.

    Args:
        path: The segment.
        content: What is in it.
        start: Its header, and where its first record begins.
        tree: Of the size that the header says, or larger.
        checkpoint: Which the tree is compared with when it has that size.

    Raises:
        AuditRefused: The tree has another root than the checkpoint says.
        OSError: The hashes cannot be written.
    """
    header, offset = start
    _agree(path, header, tree)
    found, part = Last(header, offset), []
    _compare(tree, checkpoint)
    try:
        for end, body in frames(content, offset, len(content), path.name, header.first):
            number = found.number
            if not body.startswith(b'{"seq":%d,' % number):
                break
            if number >= found.marks.due:
                found.marks.add(number, found.size)
            found.number, found.size = number + 1, end
            if number < tree.size:
                continue
            part.append(body)
            if len(part) == _PART or (checkpoint and checkpoint.size == number + 1):
                _add(tree, part)
                _compare(tree, checkpoint)
    except SegmentError:
        pass  # it was not written to its end
    _add(tree, part)
    return found


def refuse_other_tree(header: Header, checkpoint: Checkpoint) -> None:
    """Return if the tree before a segment is the one that the checkpoint in its header signs.

    Raises:
        AuditRefused: It is not.
    """
    root = CompactRange(header.first, header.frontier).root()
    if (checkpoint.size, checkpoint.root) != (header.first, root):
        raise AuditRefused(
            f"the segment of record {header.first} does not begin with the tree that its "
            "checkpoint signs",
            DAMAGED,
        )


def _agree(path: Path, header: Header, tree: Tree) -> None:
    if tree.size == header.first and tree.frontier != header.frontier:
        raise AuditRefused(f"{path.name} does not continue the segment before it", DAMAGED)
    if tree.size < header.first:
        raise AuditRefused(f"records before {path.name} are missing", DAMAGED)


def _add(tree: Tree, part: list[bytes]) -> None:
    tree.add(part, pausing=False)
    tree.save()
    part.clear()


def _compare(tree: Tree, checkpoint: Checkpoint | None) -> None:
    if checkpoint and checkpoint.size == tree.size and checkpoint.root != tree.root():
        raise AuditRefused(
            f"the first {tree.size} records are not those that the checkpoint signs", DAMAGED
        )
