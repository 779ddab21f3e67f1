"""A daemon whose clocks a test sets, while it runs."""

from __future__ import annotations

import mmap
import struct
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

__all__ = ["WITH_CLOCKS", "Clocks", "serve"]

_FORM: Final = struct.Struct("=dd")
_VARIABLE: Final = "CLOCKS"
WITH_CLOCKS: Final = (sys.executable, "-c", "from tests.running.clocks import serve; serve()")
"""The command for a ``Daemon`` whose variables are those of ``Clocks``."""


class Clocks:
    """By how much the clocks of daemons are wrong; what is set holds at once.

    Args:
        path: A file that is made for that.
    """

    def __init__(self, path: Path) -> None:
        path.write_bytes(_FORM.pack(0, 0))
        self.variables = {_VARIABLE: str(path)}
        self._shifts = _mapped(path)

    def now(self) -> datetime:
        """Return what the wall clock of a daemon shows."""
        return datetime.now(UTC) + timedelta(seconds=_FORM.unpack(self._shifts)[0])

    def pass_time(self, duration: timedelta) -> None:
        """Let time pass on both clocks, as if the machine had slept."""
        self._add(duration, duration)

    def step_wall(self, by: timedelta) -> None:
        """Set the wall clock, as an operator would."""
        self._add(by, timedelta(0))

    def _add(self, wall: timedelta, boot: timedelta) -> None:
        shifts = _FORM.unpack(self._shifts)
        self._shifts[:] = _FORM.pack(
            shifts[0] + wall.total_seconds(), shifts[1] + boot.total_seconds()
        )


class _ShiftedClock:
    """Implements ``core.ports.Clock``."""

    def __init__(self, shifts: mmap.mmap) -> None:
        self._shifts = shifts

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    def time(self) -> float:
        return time.time() + float(_FORM.unpack(self._shifts)[0])

    def monotonic(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME) + float(_FORM.unpack(self._shifts)[1])


def serve() -> None:
    """Run `signward` with these clocks."""
    import os  # as little as possible before what is measured

    from signward_server.cli import app
    from signward_server.wiring import assembly

    shifts = _mapped(Path(os.environ[_VARIABLE]))
    assembly.SystemClock = lambda: _ShiftedClock(shifts)  # type: ignore[assignment, misc]
    app()


def _mapped(path: Path) -> mmap.mmap:
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), _FORM.size)
