"""What is judged of a log as a whole, once its segments are scanned."""

from __future__ import annotations

from collections.abc import Sequence

from signward.audit.checkpoint_files import unreadable
from signward.audit.checkpoints import Checkpoint
from signward.audit.findings import Finding, Findings, Kind
from signward.audit.folder import LogFolder, mapped
from signward.audit.given import bridge
from signward.audit.marks import Mark
from signward.audit.merkle import HASH_SIZE
from signward.audit.scanning import Scan
from signward.audit.segment_list import Opened
from signward.audit.segments import HASHES_NAME, checkpoints_name, segment_name
from signward.audit.stored import frontier_at, nodes_over, stored_hash_count

__all__ = [
    "judge_beginning",
    "judge_files",
    "judge_given",
    "judge_hashes",
    "judge_tail",
    "stored_hashes",
]


def judge_files(folder: LogFolder, findings: Findings) -> None:
    """Say what is in the folder that does not belong there, or is missing beside another."""
    for name in folder.others:
        findings.add(Finding(Kind.UNKNOWN_FILE, "the file is no part of the log", name))
    for first in folder.checkpoints:
        if first not in folder.segments:
            text = "the segment that it belongs to is missing"
            name = checkpoints_name(first)
            findings.add(Finding(Kind.MISSING_SEGMENT, text, name, None, first))


def stored_hashes(folder: LogFolder) -> int:
    """Return how many hashes are stored at this moment, 0 where they cannot be read."""
    try:
        return folder.hashes.stat().st_size // HASH_SIZE
    except OSError:
        return 0


def judge_beginning(
    opened: Sequence[Opened],
    scans: Sequence[Scan],
    proved: int,
    floor: int | None,
    findings: Findings,
) -> None:
    """Judge whether what is missing at the beginning may be.

    A header proves what the records before it were, not who removed them: the log has to say so
    in a record that is proved, or whoever verifies it has to.

    Args:
        opened: The segments.
        scans: Of all of them.
        proved: Number of records that are proved.
        floor: First record that has to be there; ``None``: the log has to say it.
        findings: Where to say what is wrong.
    """
    first = opened[0].first if opened else 0
    if not first or opened[0].header is None:
        return
    text = f"the log begins with record {first}; "
    if floor is not None:
        kind = Kind.RETAINED if first <= floor else Kind.SHORTENED
        text += f"it has to be there from record {floor} on"
    elif said := [s.retained for s in scans if s.retained is not None and s.retained < proved]:
        kind = Kind.RETAINED
        text += f"retention removed the older ones, as record {said[0]} says"
    else:
        kind = Kind.SHORTENED
        text += "older ones are gone, and no record that is proved says that retention removed them"
    findings.add(Finding(kind, text, segment_name(first), 0, 0, first - 1))


def judge_given(
    folder: LogFolder,
    marks: Sequence[Mark],
    first: int,
    newest: Checkpoint | None,
    scans: Sequence[Scan],
    findings: Findings,
) -> None:
    """Judge the checkpoints that were given, as far as no segment has done that.

    Args:
        folder: The log.
        marks: The given ones.
        first: First record that is there.
        newest: Largest checkpoint of the log itself that it agrees with.
        scans: Of all segments.
        findings: Where to say what is wrong.
    """
    agreed = {size for scan in scans for size in scan.given}
    for mark in marks:
        if mark.size < first:
            finding = _judge_older(folder, mark, newest)
            if finding:
                findings.add(finding)
        elif mark.size in agreed and (newest is None or newest.size < mark.size):
            size = newest.size if newest else 0
            text = (
                f"the log's own checkpoints end at {size} records, though it has signed {mark.size}"
            )
            findings.add(Finding(Kind.ROLLED_BACK, text, mark.file))


def _judge_older(folder: LogFolder, mark: Mark, newest: Checkpoint | None) -> Finding | None:
    if not folder.has_hashes:
        return bridge(mark, newest, b"")
    try:
        with mapped(folder.hashes) as hashes:
            return bridge(mark, newest, hashes)
    except OSError as error:
        return unreadable(HASHES_NAME, error)


def judge_tail(size: int | None, newest: Checkpoint | None, findings: Findings) -> None:
    """Say which records no checkpoint covers.

    Args:
        size: Number of records, ``None`` where the log is damaged.
        newest: Largest checkpoint of the log itself that it agrees with.
        findings: Where to say so.
    """
    if newest is None:
        text = "no checkpoint covers any of it: nothing is proved"
        findings.add(Finding(Kind.UNSIGNED, text))
    elif size is not None and size > newest.size:
        text = f"records {newest.size} to {size - 1} are newer than the newest checkpoint"
        findings.add(Finding(Kind.UNSIGNED_TAIL, text, "", None, newest.size, size - 1))


def judge_hashes(
    folder: LogFolder,
    opened: Sequence[Opened],
    size: int | None,
    stored: int,
    findings: Findings,
) -> None:
    """Compare the stored hashes with the log where no segment has done that.

    Args:
        folder: The log.
        opened: Its segments.
        size: Number of records, ``None`` where the log is damaged.
        stored: Number of hashes.
        findings: Where to say what is wrong.
    """
    if not folder.has_hashes:
        findings.add(Finding(Kind.HASHES_APART, "no hashes are stored", HASHES_NAME))
        return
    if size is not None and stored != stored_hash_count(size):
        covered = "fewer" if stored < stored_hash_count(size) else "more"
        text = f"hashes of {covered} records are stored than the log has"
        findings.add(Finding(Kind.HASHES_APART, text, HASHES_NAME))
    header = opened[0].header if opened else None
    if header is None or header.first == 0:
        return
    try:
        with mapped(folder.hashes) as data:
            frontier = frontier_at(header.first, nodes_over(data))
    except (OSError, LookupError):
        return  # too few, which was said
    if tuple(frontier) != header.frontier:
        text = "the stored hashes disagree with the log's first header"
        findings.add(Finding(Kind.HASHES, text, HASHES_NAME, None, 0, header.first - 1))
