"""Going through one segment: framing, order, the tree, and the checkpoints that fall into it.

A segment's header says what the tree was before it, so segments are scanned apart from each other,
in as many processes as there are; whether they belong together is judged afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from signward.audit.checkpoints import Checkpoint
from signward.audit.errors import SegmentError
from signward.audit.findings import Finding, Kind
from signward.audit.folder import mapped
from signward.audit.framing import Buffer, frames
from signward.audit.listings import Listing, listing_in
from signward.audit.marks import Judge, Mark
from signward.audit.merkle import HASH_SIZE, CompactRange
from signward.audit.retained import retained_from
from signward.audit.segments import HASHES_NAME
from signward.audit.stored import stored_hash_count
from signward.audit.tasks import Task, marks_of

__all__ = ["Scan", "scan"]

_MOST_LISTINGS = 10_000  # of a segment; a daemon writes some hundred in a day
_SLICE = 4096  # records between two reports of progress
_SEQUENCE = re.compile(rb'\{"seq":(0|[1-9][0-9]{0,18}),')


@dataclass(slots=True)
class Scan:
    """What was found in a segment.

    Attributes:
        size: Size of the tree after the last good record.
        nodes: Its frontier.
        end: Offset at which that record ends.
        length: Length of the file.
        whole: Whether every frame up to where the segment has to end was good.
        checkpoints: Number of its checkpoints.
        newest: Largest checkpoint of the log itself that the tree agrees with.
        given: Sizes of given checkpoints that it agrees with.
        retained: First record that says that retention removed what is gone, if one does.
        listings: What records say of the logs beside this one, in order.
        findings: In order.
    """

    size: int
    nodes: tuple[bytes, ...]
    end: int
    length: int
    whole: bool
    checkpoints: int
    newest: Checkpoint | None
    given: list[int]
    retained: int | None
    listings: tuple[Listing, ...]
    findings: list[Finding]


def scan(task: Task, advance: Callable[[int], object]) -> Scan:
    """Go through a segment.

    Args:
        task: The segment.
        advance: Told of bytes that are done, from time to time.

    Raises:
        OSError: A file cannot be read.
    """
    findings: list[Finding] = []
    marks = marks_of(task, findings)  # before the records: those of a living log are then there
    with ExitStack() as files:
        data = files.enter_context(mapped(task.path))
        hashes = files.enter_context(mapped(task.hashes)) if task.hashes else b""
        return _Scanner(task, data, hashes, findings).run(marks, advance)


class _Scanner:
    def __init__(self, task: Task, data: Buffer, hashes: Buffer, findings: list[Finding]) -> None:
        self._task = task
        self._name = task.path.name
        self._hashes = hashes
        self._tree = CompactRange(task.header.first, task.header.frontier)
        self._findings = findings
        self._judge = Judge(task.key, self._name, self._tree, self._findings)
        self._length = len(data)
        self._end = task.start
        self._whole = True
        self._retained: int | None = None
        self._listings: list[Listing] = []
        stop = self._length if task.stop is None else min(task.stop, self._length)
        self._records = frames(data, task.start, stop, self._name, self._tree.size)

    def run(self, ascending: Sequence[Mark], advance: Callable[[int], object]) -> Scan:
        """Go through to the end, or to the first thing that is wrong."""
        tree, marks, more = self._tree, list(ascending[::-1]), True
        advance(self._end)
        while True:
            while marks and marks[-1].size <= tree.size:
                self._judge.judge(marks.pop())
            if not more:
                break
            room = min(_SLICE, marks[-1].size - tree.size) if marks else _SLICE
            before = self._end
            more = self._take(room)
            advance(self._end - before)
        stop = self._task.stop
        if self._whole and stop is not None and self._end < stop:
            self._fault(Kind.TRUNCATED, "the file is shorter than the next segment says", tree.size)
        self._judge.leftover(marks[::-1], ended=self._task.limit is None and self._whole)
        return Scan(
            tree.size, tree.nodes, self._end, self._length, self._whole,
            len(ascending), self._judge.newest, self._judge.given, self._retained,
            tuple(self._listings), self._findings,
        )  # fmt: skip

    def _take(self, room: int) -> bool:
        """Take up to ``room`` records into the tree; return whether there may be more."""
        leaves: list[bytes] = []
        sequence, end, digest = self._tree.size, self._end, sha256
        begins = self._task.begins if self._retained is None else None
        try:
            for after, body in islice(self._records, room):
                if not body.startswith(b'{"seq":%d,' % sequence):
                    self._out_of_order(body, sequence)
                    break
                leaves.append(digest(b"\x00" + body).digest())
                if begins is not None and retained_from(body) >= begins:
                    self._retained, begins = sequence, None
                if (listing := listing_in(body)) and len(self._listings) < _MOST_LISTINGS:
                    self._listings.append(listing)  # those after the last that is proved come last
                sequence += 1
                end = after
        except SegmentError as error:
            self._broken(error)
        self._end = end
        self._grow(leaves)
        return len(leaves) == room

    def _grow(self, leaves: Sequence[bytes]) -> None:
        at = stored_hash_count(self._tree.size) * HASH_SIZE
        size = self._tree.size
        ours = b"".join(self._tree.extend(leaves))
        stored = self._hashes[at : at + len(ours)]
        if stored == ours[: len(stored)]:
            return
        self._hashes = b""  # said once
        wrong = next(i for i, (a, b) in enumerate(zip(ours, stored, strict=False)) if a != b)
        hashes = (at + wrong) // HASH_SIZE
        record = next(
            n for n in range(size, size + len(leaves)) if stored_hash_count(n + 1) > hashes
        )
        text = f"the stored hashes disagree from record {record} on"
        self._findings.append(Finding(Kind.HASHES, text, HASHES_NAME, at + wrong, record))

    def _broken(self, error: SegmentError) -> None:
        if error.kind != "torn":
            self._fault(Kind.CHECKSUM, str(error), error.sequence, error.offset)
        elif self._task.limit is None:
            text = f"{error}; it was not written to its end"
            self._fault(Kind.TORN_TAIL, text, error.sequence, error.offset)
            self._whole = True  # a daemon that is stopped at once leaves such a thing
        elif self._task.stop is None or self._length < self._task.stop:
            self._fault(Kind.TRUNCATED, str(error), error.sequence, error.offset)
        else:
            text = f"{error}, where the next segment says that this one ends"
            self._fault(Kind.SPLICED, text, error.sequence, error.offset)

    def _out_of_order(self, body: bytes, expected: int) -> None:
        said = _SEQUENCE.match(body)
        number = int(said[1]) if said else -1
        if number > expected:
            text = f"records {expected} to {number - 1} are missing before record {number}"
        elif said:
            text = f"record {number} stands where record {expected} belongs"
        else:
            text = f"what stands where record {expected} belongs does not say its number"
        self._fault(Kind.SEQUENCE, text, expected)

    def _fault(self, kind: Kind, text: str, first: int | None, offset: int | None = None) -> None:
        self._whole = False
        at = self._end if offset is None else offset
        self._findings.append(Finding(kind, text, self._name, at, first))
