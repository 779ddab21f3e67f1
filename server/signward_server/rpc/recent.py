"""A memory of bounded size, read without a lock."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Recent"]

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class Recent(Generic[_K, _V]):
    """The values that were put last.

    Args:
        size: How many there are at most; the one put first goes first.

    Attributes:
        get: Returns the value of a key, ``None`` if there is none.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: dict[_K, _V] = {}
        self._lock = threading.Lock()
        self.get = self._values.get

    def put(self, key: _K, value: _V) -> None:
        """Remember a value, for the key's last one where it has one."""
        with self._lock:
            self._values.pop(key, None)
            while len(self._values) >= self._size:
                del self._values[next(iter(self._values))]
            self._values[key] = value

    def __len__(self) -> int:
        return len(self._values)
