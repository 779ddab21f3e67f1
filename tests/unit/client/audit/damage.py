"""Taking logs apart and putting them together wrongly."""

from __future__ import annotations

from pathlib import Path

from signward.audit.checkpoints import parse_checkpoint
from signward.audit.findings import Kind
from signward.audit.framing import encode_frame, frames
from signward.audit.given import Given
from signward.audit.segments import read_header
from signward.audit.verifying import Report

__all__ = ["given", "kinds", "read_frames", "write_frames"]


def kinds(report: Report) -> list[Kind]:
    return [finding.kind for finding in report.findings]


def given(note: bytes, name: str = "kept") -> Given:
    return Given(name, parse_checkpoint(note))


def read_frames(segment: Path) -> list[bytes]:
    """Return the bodies of a segment's records."""
    data = segment.read_bytes()
    _, start = read_header(data, segment.name)
    return [body for _, body in frames(data, start, len(data), segment.name, 0)]


def write_frames(segment: Path, bodies: list[bytes]) -> None:
    """Put other records behind the header of a segment."""
    data = segment.read_bytes()
    _, start = read_header(data, segment.name)
    segment.write_bytes(data[:start] + b"".join(map(encode_frame, bodies)))
