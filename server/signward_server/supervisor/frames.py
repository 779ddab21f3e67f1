"""Messages in a stream of bytes: four bytes of length, big-endian, and so many of content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

__all__ = ["LARGEST", "BadFrameError", "Frames", "frame"]

LARGEST: Final = 4 * 2**20
"""Bytes of a message: the metrics of a worker are some ten thousand."""
_HEAD = 4


class BadFrameError(ValueError):
    """The other end does not speak as it must; nothing that follows can be understood."""


def frame(content: bytes) -> bytes:
    """Return a message as it is sent.

    Raises:
        BadFrameError: It is too large.
    """
    if len(content) > LARGEST:
        raise BadFrameError("the message is too large")
    return len(content).to_bytes(_HEAD, "big") + content


class Frames:
    """Takes bytes as they come, and gives messages; holds one message at most."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that are whole now.

        Raises:
            BadFrameError: A length is out of bounds.
        """
        self._held += data
        while len(self._held) >= _HEAD:
            length = int.from_bytes(self._held[:_HEAD], "big")
            if not 0 < length <= LARGEST:
                raise BadFrameError("a length is out of bounds")
            if len(self._held) < _HEAD + length:
                return
            content = bytes(self._held[_HEAD : _HEAD + length])
            del self._held[: _HEAD + length]
            yield content
