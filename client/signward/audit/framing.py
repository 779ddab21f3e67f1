"""Frames: how records and headers stand in a segment, one after another.

A frame is the length of its body and the body's CRC-32 (that of zlib), both as 4 bytes big-endian,
and the body. The checksum tells accidents from ends; it proves nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from mmap import mmap
from typing import TypeAlias
from zlib import crc32

from signward.audit.errors import SegmentError

__all__ = ["FRAME_HEAD", "MAX_RECORD", "Buffer", "encode_frame", "frame_at", "frames"]

MAX_RECORD = 16_384  # bytes of a frame's body
FRAME_HEAD = 8  # bytes before the body

Buffer: TypeAlias = bytes | mmap  # slices of both are bytes

_HEAD = struct.Struct(">II")


def encode_frame(body: bytes) -> bytes:
    """Return a body with its length and CRC-32 before it."""
    return _HEAD.pack(len(body), crc32(body)) + body


def frame_at(data: Buffer, offset: int, stop: int, file: str, sequence: int | None) -> bytes:
    """Return the body of the frame at an offset; it ends at or before ``stop``.

    Raises:
        SegmentError: ``torn``: it goes on after ``stop``; ``length``: it is empty or too long;
            ``checksum``: its CRC-32 is another.
    """

    def wrong(kind: str, text: str) -> SegmentError:
        return SegmentError(text, kind=kind, file=file, offset=offset, sequence=sequence)

    start = offset + FRAME_HEAD
    if start > stop:
        raise wrong("torn", "the frame is cut off")
    length, checksum = _HEAD.unpack_from(data, offset)
    if not 0 < length <= MAX_RECORD:
        raise wrong("length", f"a frame cannot be {length} bytes long")
    if start + length > stop:
        raise wrong("torn", "the frame is cut off")
    body = data[start : start + length]
    if crc32(body) != checksum:
        raise wrong("checksum", "its checksum is wrong")
    return body


def frames(
    data: Buffer, offset: int, stop: int, file: str, sequence: int
) -> Iterator[tuple[int, bytes]]:
    """Read frames up to ``stop``.

    Args:
        data: The segment.
        offset: Where the first frame begins.
        stop: Where the last one has to end, at most the length of the data.
        file: Name of the segment, for errors.
        sequence: Of the first frame, for errors.

    Yields:
        The offset at which a frame ends, and its body.

    Raises:
        SegmentError: As ``frame_at``, once all frames before it were yielded.
    """
    unpack, checksum_of, last_head = _HEAD.unpack_from, crc32, stop - FRAME_HEAD
    while offset <= last_head:
        length, checksum = unpack(data, offset)
        start = offset + FRAME_HEAD
        end = start + length
        if not 0 < length <= MAX_RECORD or end > stop:
            break
        body = data[start:end]
        if checksum_of(body) != checksum:
            break
        yield end, body
        offset = end
        sequence += 1
    if offset < stop:
        frame_at(data, offset, stop, file, sequence)
