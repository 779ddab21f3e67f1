"""Whether segments that were scanned apart belong together, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from signward.audit.findings import Finding, Findings, Kind
from signward.audit.scanning import Scan
from signward.audit.segment_list import Opened
from signward.audit.segments import Header, segment_name

__all__ = ["join"]


def join(opened: Sequence[Opened], scans: Sequence[Scan | None], findings: Findings) -> None:
    """Hold each segment against the one before it.

    Args:
        opened: The segments.
        scans: What was found in each; ``None`` where it could not be scanned.
        findings: Where to say what is wrong.
    """
    for number, each in enumerate(opened):
        if each.header is None:
            continue
        if number:
            _join(opened[number - 1], scans[number - 1], each.header, findings)


def _join(before: Opened, scan: Scan | None, header: Header, findings: Findings) -> None:
    name = segment_name(header.first)
    previous = header.previous
    if previous is None:  # a first segment; that this one is none was said when it was opened
        return
    if previous.first != before.first:
        text = f"the segment {segment_name(previous.first)} before it is missing"
        findings.add(
            Finding(
                Kind.MISSING_SEGMENT, text, name, 0, previous.first, header.first - 1
            )
        )  # fmt: skip
        return
    if scan is None or not scan.whole:
        return
    if scan.size != header.first:
        text = f"it begins with record {header.first}, the one before ends at {scan.size}"
        findings.add(Finding(Kind.SPLICED, text, name, 0, header.first))
    elif scan.nodes != header.frontier and not any(
        finding.kind is Kind.CHANGED for finding in scan.findings
    ):
        text = "what its header says of the records before is not what they are"
        findings.add(Finding(Kind.SPLICED, text, name, 0, header.first))
    elif scan.length > scan.end:
        text = f"{scan.length - scan.end} bytes after record {scan.size - 1} are declared void"
        findings.add(Finding(Kind.DISCARDED_TAIL, text, segment_name(before.first), scan.end))
