"""Durations by method and status, in buckets of 50 us to 10 s. Quick: one for every call."""

from __future__ import annotations

import threading
from bisect import bisect_left
from dataclasses import replace
from itertools import starmap
from typing import Final

from signward_server.telemetry.families import Distribution, Family

__all__ = ["BOUNDS", "Durations"]

BOUNDS: Final = (
    *(0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01),
    *(0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
)  # seconds
_MOST = 1024  # pairs of method and status, some ten times what there are
_OTHER = ("other", "other")


class _Cell:
    """What was observed of one method and status."""

    __slots__ = ("counts", "lock", "total")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def distribution(self) -> Distribution:
        with self.lock:
            return BOUNDS, tuple(self.counts), self.total


class Durations:
    """Counts durations.

    Args:
        family: What they are shown as.
    """

    def __init__(self, family: Family) -> None:
        self._family = family
        self._cells: dict[tuple[str, str], _Cell] = {}

    def observe(self, method: str, status: str, seconds: float) -> None:
        """Count one."""
        cell = self._cells.get((method, status)) or self._cell(method, status)
        with cell.lock:
            cell.counts[bisect_left(BOUNDS, seconds)] += 1
            cell.total += seconds

    def family(self) -> Family:
        """Return what was counted."""
        return replace(self._family, samples=tuple(starmap(_sample, self._cells.copy().items())))

    def _cell(self, method: str, status: str) -> _Cell:
        room = len(self._cells) < _MOST
        return self._cells.setdefault((method, status) if room else _OTHER, _Cell())


def _sample(labels: tuple[str, str], cell: _Cell) -> tuple[tuple[str, ...], Distribution]:
    method, status = labels
    return (method.removeprefix("/"), status), cell.distribution()
