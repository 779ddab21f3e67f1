"""How much of a list goes into one answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from google.protobuf.message import Message

__all__ = ["fitting", "page_size"]

_M = TypeVar("_M", bound=Message)

_DEFAULT = 100
_MAX = 500
_BYTES = 256 * 1024  # an answer that nobody reads stays in memory: it ends here


def page_size(asked: int) -> int:
    """Return how many are looked for when a caller asks for so many, 0 for no wish."""
    return min(asked or _DEFAULT, _MAX)


def fitting(messages: Iterable[_M]) -> Iterator[_M]:
    """Yield messages while there is room for them in an answer, the first one in any case."""
    room = _BYTES
    for message in messages:
        if room <= 0:
            return
        room -= message.ByteSize()
        yield message
