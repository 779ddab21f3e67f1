"""Segments: the files that records stand in, and the header that each begins with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from signward.audit.errors import SegmentError
from signward.audit.framing import FRAME_HEAD, Buffer, frame_at

__all__ = [
    "CHECKPOINTS_SUFFIX",
    "HASHES_NAME",
    "SEGMENT_SUFFIX",
    "Header",
    "Previous",
    "checkpoints_name",
    "encode_header",
    "first_of_name",
    "parse_header",
    "read_header",
    "segment_name",
]

FORMAT = "signward-audit/1"
SEGMENT_SUFFIX = ".log"
CHECKPOINTS_SUFFIX = ".checkpoints"
HASHES_NAME = "hashes"

_NAME = re.compile(r"([0-9]{20})\.(?:log|checkpoints)")
_NODE = re.compile(r"[0-9a-f]{64}")
_FIELDS = ["format", "log", "first", "frontier", "previous", "checkpoint"]
_MAX_SEQUENCE = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Previous:
    """The segment before.

    Attributes:
        first: Its first sequence.
        end: Offset at which its last valid frame ends; what follows is a discarded tail.
    """

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """The first frame of a segment.

    Attributes:
        log: Origin of the log.
        first: Sequence of the first record in the segment, and so the size of the tree before.
        frontier: Of that tree, largest subtree first, 32 bytes each.
        previous: ``None`` in the log's very first segment only.
        checkpoint: Signed note of that tree; empty where none was made.
    """

    log: str
    first: int
    frontier: tuple[bytes, ...]
    previous: Previous | None
    checkpoint: str


def segment_name(first: int) -> str:
    """Return the file name of the segment that begins with a sequence."""
    return f"{first:020}{SEGMENT_SUFFIX}"


def checkpoints_name(first: int) -> str:
    """Return the name of the file of checkpoints beside that segment."""
    return f"{first:020}{CHECKPOINTS_SUFFIX}"


def first_of_name(name: str) -> int | None:
    """Return the sequence in the name of a segment or its checkpoints, ``None`` for others."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else None


def encode_header(header: Header) -> bytes:
    """Return the body of a segment's first frame."""
    previous = header.previous
    fields = {
        "format": FORMAT,
        "log": header.log,
        "first": header.first,
        "frontier": [node.hex() for node in header.frontier],
        "previous": previous and {"first": previous.first, "end": previous.end},
        "checkpoint": header.checkpoint,
    }
    return json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def parse_header(body: bytes) -> Header:
    """Read the body of a segment's first frame.

    Raises:
        ValueError: It is not a header, or not written in the one way that it has.
    """
    try:
        fields = json.loads(body)
    except RecursionError as error:
        raise ValueError("the header is not JSON") from error
    if not isinstance(fields, dict) or list(fields) != _FIELDS:
        raise ValueError("the header has not the fields of a header")
    log, checkpoint = fields["log"], fields["checkpoint"]
    if fields["format"] != FORMAT:
        raise ValueError("the format is not known")
    if not isinstance(log, str) or not isinstance(checkpoint, str):
        raise ValueError("the header has a field of the wrong type")  # noqa: TRY004 -- content
    first = _number(fields, "first")
    nodes = _frontier(fields["frontier"], first)
    header = Header(log, first, nodes, _previous(fields["previous"]), checkpoint)
    if encode_header(header) != body:
        raise ValueError("the header is not canonical")
    return header


def read_header(data: Buffer, file: str) -> tuple[Header, int]:
    """Read the header of a segment; return it and the offset of the first record.

    Raises:
        SegmentError: There is none, or it is malformed.
    """
    body = frame_at(data, 0, len(data), file, None)
    try:
        header = parse_header(body)
    except ValueError as error:
        text = "it is malformed" if isinstance(error, json.JSONDecodeError) else str(error)
        raise SegmentError(text, kind="header", file=file, offset=0, sequence=None) from error
    return header, FRAME_HEAD + len(body)


def _frontier(value: object, size: int) -> tuple[bytes, ...]:
    if not isinstance(value, list) or not all(
        isinstance(node, str) and _NODE.fullmatch(node) for node in value
    ):
        raise ValueError("the frontier is malformed")
    if len(value) != size.bit_count():
        raise ValueError("the frontier is not that of a tree of this size")
    return tuple(map(bytes.fromhex, value))


def _previous(value: object) -> Previous | None:
    if value is None:
        return None
    if not isinstance(value, dict) or list(value) != ["first", "end"]:
        raise ValueError("the previous segment is not described")
    return Previous(_number(value, "first"), _number(value, "end"))


def _number(fields: Mapping[str, object], name: str) -> int:
    value = fields[name]
    if type(value) is not int or not 0 <= value <= _MAX_SEQUENCE:
        raise ValueError(f"{name} is not a number")
    return value
