"""Records that are written together: with their numbers, framed."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from signward.audit.framing import FRAME_HEAD

__all__ = ["UNWRITTEN", "Group", "Queued", "framed"]

UNWRITTEN: Final = -1

_head = struct.Struct(">II").pack


@dataclass(slots=True)
class Group:
    """Records that were written together.

    Attributes:
        first: Number of the first one.
        end: Number after the last one.
        frames: As they stand in the segment.
    """

    first: int
    end: int
    frames: bytes

    def bodies(self) -> Iterator[bytes]:
        """Yield the records without their framing."""
        frames, at = self.frames, 0
        while at < len(frames):
            end = at + FRAME_HEAD + int.from_bytes(frames[at : at + 4], "big")
            yield frames[at + FRAME_HEAD : end]
            at = end


class Queued:
    """Records of one caller, on their way.

    Attributes:
        tails: Each without the beginning that says its number.
        first: Number of the first, once they are written.
    """

    __slots__ = ("first", "tails")

    def __init__(self, tails: Sequence[bytes]) -> None:
        self.tails = tails
        self.first = UNWRITTEN


def framed(tails: Sequence[bytes], number: int) -> tuple[bytes, int]:
    """Return the frames of records that are numbered from here on, and the number after them."""
    parts: list[bytes] = []
    for tail in tails:
        body = b'{"seq":%d%b' % (number, tail)
        parts += (_head(len(body), crc32(body)), body)
        number += 1
    return b"".join(parts), number
