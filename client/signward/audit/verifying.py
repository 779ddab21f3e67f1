"""Verifying a whole log: offline, from its folder and the log's public key alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from signward.audit.errors import AuditError
from signward.audit.findings import Finding, Findings
from signward.audit.folder import LogFolder, list_folder
from signward.audit.given import Given, marks_of_given
from signward.audit.joining import join
from signward.audit.judging import (
    judge_beginning,
    judge_files,
    judge_given,
    judge_hashes,
    judge_tail,
    stored_hashes,
)
from signward.audit.listings import Listing
from signward.audit.marks import Mark
from signward.audit.scanning import Scan
from signward.audit.segment_list import Opened, open_segments, tasks_for
from signward.audit.verifier_keys import VerifierKey
from signward.audit.workers import scan_all

__all__ = ["Report", "verify_log"]


@dataclass(frozen=True, slots=True)
class Report:
    """What verification came to.

    Attributes:
        log: Origin of the log.
        first: First record that is there.
        size: Number after the last record that could be read.
        proved: Records below this number are those that were signed, if the log is intact.
        segments: Number of segments.
        checkpoints: Number of checkpoints that were read.
        bytes: Size of all segments.
        findings: What there is to say, errors and notes.
        left_out: Further findings that were only counted.
        intact: Whether nothing speaks against the log.
        listings: What its proved records say of the logs beside it, rising.
    """

    log: str
    first: int
    size: int
    proved: int
    segments: int
    checkpoints: int
    bytes: int
    findings: tuple[Finding, ...]
    left_out: int
    intact: bool
    listings: tuple[Listing, ...] = ()


def verify_log(
    path: Path,
    key: VerifierKey,
    *,
    given: Sequence[Given] = (),
    pinned: Sequence[Mark] = (),
    witnesses: Sequence[VerifierKey] = (),
    floor: int | None = None,
    processes: int | None = None,
    progress: Callable[[int, int], object] = max,
) -> Report:
    """Verify a log.

    Args:
        path: Its folder.
        key: Its public key; the name of the key is the origin of the log.
        given: Checkpoints that it has to go on from.
        pinned: More of them, which need no signature: what another log says of this one.
        witnesses: Each of them has to have cosigned every given checkpoint.
        floor: First record that has to be there; ``None``: all of them, but for those of which
            the log itself says that retention removed them.
        processes: At most so many; ``None``: one for each processor.
        progress: Told now and then how many bytes of how many are done.

    Raises:
        AuditError: There is no log in the folder.
        OSError: The folder cannot be read.
    """
    folder, findings = list_folder(path), Findings()
    if not folder.segments and not folder.checkpoints:
        raise AuditError("there is no audit log in this folder")
    judge_files(folder, findings)
    hashes = stored_hashes(folder)
    opened = open_segments(folder, key, findings)
    first = opened[0].first if opened else 0
    marks = [*pinned, *marks_of_given(given, key, witnesses, findings)]
    scans = _scan(folder, opened, [m for m in marks if m.size >= first], key,
                  findings, processes, progress)  # fmt: skip
    join(opened, scans, findings)
    done = [scan for scan in scans if scan]
    newest = max(
        (scan.newest for scan in done if scan.newest), key=lambda each: each.size, default=None
    )
    judge_beginning(opened, done, newest.size if newest else 0, floor, findings)
    size = max((scan.size for scan in done), default=first)
    judge_given(folder, marks, first, newest, done, findings)
    proved = newest.size if newest else first
    sound = size if all(scan is not None and scan.whole for scan in scans) else None
    judge_tail(sound, newest, findings)
    judge_hashes(folder, opened, sound, hashes, findings)
    return Report(
        log=key.name,
        first=first,
        size=size,
        proved=proved,
        segments=len(opened),
        checkpoints=sum(scan.checkpoints for scan in done),
        bytes=sum(scan.length for scan in done),
        findings=tuple(findings),
        left_out=findings.left_out,
        intact=not findings.errors,
        listings=tuple(
            listing for scan in done for listing in scan.listings if listing.sequence < proved
        ),
    )


def _scan(
    folder: LogFolder,
    opened: Sequence[Opened],
    given: Sequence[Mark],
    key: VerifierKey,
    findings: Findings,
    processes: int | None,
    progress: Callable[[int, int], object],
) -> list[Scan | None]:
    tasks = tasks_for(folder, opened, given, key)
    results = iter(scan_all([task for task in tasks if task], processes, progress))
    scans: list[Scan | None] = []
    for task in tasks:
        result = next(results) if task else None
        if isinstance(result, Scan):
            findings.extend(result.findings)
            scans.append(result)
        else:
            if result:
                findings.add(result)
            scans.append(None)
    return scans
