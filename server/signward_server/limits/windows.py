"""Counters in fixed windows, in memory that does not grow without bound.

A window begins with what is counted first in it, so that no counter outlives the length of a
window. Counters are therefore kept by generation, each as long as a window: when a new one
begins, everything in the one before the last has ended and goes at once. No timer, no search.
"""

from __future__ import annotations

from collections.abc import Hashable

__all__ = ["Window", "Windows"]


class Window:
    """A window that runs.

    Attributes:
        count: What was counted in it.
        ends: When it ends, in seconds of the clock.
    """

    __slots__ = ("count", "ends")

    def __init__(self, count: int, ends: float) -> None:
        self.count = count
        self.ends = ends


class Windows:
    """Counters by name. Whoever uses them holds a lock of its own.

    Args:
        length: Of a window, in seconds.
        most: How many counters there are at most. Names beyond them share one, which is
            stricter than they deserve and never laxer.
    """

    __slots__ = ("_length", "_most", "_old", "_shared", "_turn", "_young")

    def __init__(self, length: float, most: int) -> None:
        self._length = length
        self._most = most
        self._turn = 0.0
        self._young: dict[Hashable, Window] = {}
        self._old: dict[Hashable, Window] = {}
        self._shared: Window | None = None

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def find(self, name: Hashable, now: float) -> Window | None:
        """Return the window of a name that runs now, ``None`` if there is none."""
        if now >= self._turn:
            self._turn_over(now)
        window = self._young.get(name) or self._old.get(name)
        if window is None and len(self) >= self._most:
            window = self._shared
        return window if window is not None and window.ends > now else None

    def begin(self, name: Hashable, now: float, count: int) -> None:
        """Begin a window for a name that ``find`` has just found none for."""
        window = Window(count, now + self._length)
        if len(self) < self._most or name in self._young:
            self._young[name] = window
        else:
            self._shared = window

    def _turn_over(self, now: float) -> None:
        """Begin a generation."""
        in_time = now < self._turn + self._length
        self._old = self._young if in_time else {}
        self._young = {}
        self._turn = (self._turn if in_time else now) + self._length
