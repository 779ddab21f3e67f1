"""A daemon whose clocks a test sets, while it runs."""

from __future__ import annotations

import mmap
import os
import struct
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

__all__ = ["WITH_CLOCKS", "Clocks", "serve", "shift"]

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


def serve() -> None:
    """Run `signward` with these clocks."""
    from signward_server.cli import app  # as little as possible before

    shift()
    app()


def shift() -> None:
    """Have this process go by these clocks."""
    from signward_server.core.clock import SystemClock

    shifts = _mapped(Path(os.environ[_VARIABLE]))

    def shifted(clock: SystemClock) -> None:
        clock.time = lambda: time.time() + float(_FORM.unpack(shifts)[0])  # type: ignore[assignment]
        clock.monotonic = lambda: _boot() + float(_FORM.unpack(shifts)[1])  # type: ignore[assignment]

    SystemClock.__init__ = shifted  # type: ignore[method-assign]
    SystemClock.now = lambda clock: datetime.fromtimestamp(clock.time(), UTC)  # type: ignore[method-assign]


def _boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _mapped(path: Path) -> mmap.mmap:
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), _FORM.size)
