"""The segments of a log, opened: their headers, and what there is to scan in each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from signward.audit.checkpoint_files import last_size, read_marks, unreadable
from signward.audit.errors import SegmentError
from signward.audit.findings import Finding, Findings, Kind
from signward.audit.folder import LogFolder, mapped
from signward.audit.marks import Mark
from signward.audit.segments import Header, read_header, segment_name
from signward.audit.tasks import Task, mark_of_header
from signward.audit.verifier_keys import VerifierKey

__all__ = ["Opened", "marks_beside", "open_segments", "tasks_for", "was_never_begun"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A segment whose header was read.

    Attributes:
        first: Its first sequence, as its name says.
        header: ``None`` where it cannot be relied on.
        start: Offset of the first record.
    """

    first: int
    header: Header | None
    start: int = 0


def open_segments(folder: LogFolder, key: VerifierKey, findings: Findings) -> list[Opened]:
    """Read the header of every segment, and say what is wrong with one.

    A last segment that was never begun, as a crash may leave one, is left out.
    """
    firsts = folder.segments
    if len(firsts) > 1 and was_never_begun(folder, firsts[-1]):
        text = "the last segment was not begun: its header was not written to its end"
        findings.add(Finding(Kind.TORN_TAIL, text, segment_name(firsts[-1]), 0))
        firsts = firsts[:-1]
    return [_open(folder, first, key, findings) for first in firsts]


def was_never_begun(folder: LogFolder, first: int) -> bool:
    """Return whether the header of a last segment was not written to its end.

    Where there are checkpoints beside it, it was, and somebody has cut it.
    """
    try:
        if first in folder.checkpoints and folder.checkpoints_of(first).stat().st_size:
            return False
        with mapped(folder.segment(first)) as data:
            read_header(data, segment_name(first))
    except SegmentError as error:
        return error.kind == "torn"
    except OSError:
        return False
    return False


def _open(folder: LogFolder, first: int, key: VerifierKey, findings: Findings) -> Opened:
    name = segment_name(first)
    try:
        with mapped(folder.segment(first)) as data:
            header, start = read_header(data, name)
    except OSError as error:
        findings.add(unreadable(name, error))
        return Opened(first, None)
    except SegmentError as error:
        findings.add(Finding(Kind.HEADER, str(error), name, error.offset, first))
        return Opened(first, None)
    if header.log != key.name:
        text = f"the segment is of another log ({header.log})"
        findings.add(Finding(Kind.ORIGIN, text, name, 0, first))
    elif header.first != first:
        text = f"the segment begins with record {header.first}, which is not its name"
        findings.add(Finding(Kind.HEADER, text, name, 0, first))
    elif (header.previous is None) != (first == 0):
        text = "every segment but the log's first one names the one before it"
        findings.add(Finding(Kind.HEADER, text, name, 0, first))
    else:
        return Opened(first, header, start)
    return Opened(first, None)


def tasks_for(
    folder: LogFolder, opened: Sequence[Opened], given: Sequence[Mark], key: VerifierKey
) -> list[Task | None]:
    """Return what to scan, one for each segment; ``None`` where its header is of no use.

    A checkpoint belongs to the segment that holds the last record it speaks of. As a rule it
    stands beside that one; after a failed write it may stand beside an earlier one.
    """
    limits: list[int | None] = [*(each.first for each in opened[1:]), None]
    strays = _strays(folder, [each.first for each in opened])
    following = [*opened[1:], None]
    tasks: list[Task | None] = []
    for each, limit, after in zip(opened, limits, following, strict=True):
        if each.header is None:
            tasks.append(None)
            continue
        previous = after.header.previous if after and after.header else None
        first = each.first
        task = Task(
            path=folder.segment(first),
            header=each.header,
            start=each.start,
            stop=previous.end if previous and previous.first == first else None,
            limit=limit,
            checkpoints=folder.checkpoints_of(first),
            earlier=_between(strays, first, limit),
            given=tuple(
                mark for mark in given
                if (mark.size > first or first == opened[0].first)
                and (limit is None or mark.size <= limit)
            ),
            key=key,
            hashes=folder.hashes if folder.has_hashes else None,
            begins=opened[0].first or None,
        )  # fmt: skip
        tasks.append(task)
    return tasks


def _strays(folder: LogFolder, firsts: Sequence[int]) -> list[Mark]:
    """Return the checkpoints that do not stand beside their own segment, ascending by size.

    What is wrong in such a file is said with the segment that it stands beside.
    """
    found: list[Mark] = []
    for beside in folder.checkpoints:
        path, number = folder.checkpoints_of(beside), bisect_right(firsts, beside)
        if number < len(firsts) and firsts[number] < last_size(path):
            found += (mark for mark in read_marks(path, 0, []) if mark.size > firsts[number])
    return sorted(found, key=lambda mark: mark.size)


def _between(strays: Sequence[Mark], first: int, limit: int | None) -> tuple[Mark, ...]:
    start = bisect_right(strays, first, key=lambda mark: mark.size)
    end = None if limit is None else bisect_right(strays, limit, key=lambda mark: mark.size)
    return tuple(strays[start:end])


def marks_beside(folder: LogFolder, first: int) -> list[Mark]:
    """Return the checkpoints beside a segment and in its header; nothing is verified."""
    marks = read_marks(folder.checkpoints_of(first), first, [])
    try:
        with mapped(folder.segment(first)) as data:
            header, _ = read_header(data, segment_name(first))
    except (OSError, SegmentError):
        return marks
    return [*marks, *mark_of_header(header, segment_name(first), [])]
