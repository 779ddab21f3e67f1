"""The process that sends spans and metrics: started, fed without waiting, restarted, ended.

It is another process so that a collector that hangs, refuses or is slow can touch nothing
here, and so that no work for it takes the interpreter from those who sign. It holds no key:
it is executed, not forked, gets a few variables of the environment, one socket and the log.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import marshal
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from signward_server.telemetry.destination import Destination

__all__ = ["REPORT", "SPANS", "Exporter", "Report"]

SPANS: Final = "spans"

REPORT: Final = struct.Struct("=QQQ")
"""What it says of itself: spans taken by the collector, dropped for lack of room, refused."""

Report = tuple[int, int, int]

_MODULE = "signward_server.telemetry.export"
_BUFFER = 4 * 2**20  # bytes; the kernel gives what it allows
_KEPT = ("COVERAGE_", "LANG", "LC_", "LD_LIBRARY_PATH", "PATH", "PYTHON", "TZ")
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_log = logging.getLogger(__name__)


class Exporter:
    """A process that may come and go.

    Args:
        destination: Where it sends to.

    Attributes:
        starts: How often it was started.
        lost: Spans that were on their way to a process that has ended.
    """

    def __init__(self, destination: Destination) -> None:
        self._about = asdict(destination) | {"resource": dict(destination.resource)}
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._report: Report = (0, 0, 0)
        self._before: Report = (0, 0, 0)  # what processes that have ended had said
        self._sent = 0  # spans, to this process
        self._started = 0.0
        self._pause = _FIRST_PAUSE
        self._next = 0.0
        self.starts = 0
        self.lost = 0

    @property
    def report(self) -> Report:
        """What all processes so far have said."""
        return _sum(self._before, self._report)

    @property
    def is_up(self) -> bool:
        """Whether there is a process, as far as is known."""
        return self._socket is not None

    def start(self) -> None:
        """Start a process; that it fails is logged and tried again later."""
        try:
            self._socket, self._process = _executed()
        except OSError as exc:
            _log.error("exporter cannot be started", extra={"error": exc.strerror})
            self._retry_later()
            return
        self.starts += 1
        self._started = time.monotonic()
        self.send("about", [self._about])

    def tend(self) -> None:
        """Read what it says; start another one if it has ended, after a while."""
        self._listen()
        if self._process is not None:
            if (code := self._process.poll()) is None:
                return
            _log.error("exporter has ended", extra={"code": code})
            self._forget()
        if time.monotonic() >= self._next:
            self.start()

    def send(self, kind: str, items: Sequence[Any]) -> int:
        """Hand over a list without waiting.

        Args:
            kind: What the items are, ``SPANS`` or something else.
            items: Of types that ``marshal`` knows.

        Returns:
            How many are done with, from the first on; for the others there is no room now.
        """
        if self._socket is None:
            return 0
        try:
            self._socket.send(marshal.dumps((kind, list(items))))
        except BlockingIOError:
            return 0
        except OSError as exc:
            # Any other error: it has ended, which ``tend`` finds out.
            return self._in_halves(kind, items) if exc.errno == errno.EMSGSIZE else 0
        self._sent += len(items) if kind == SPANS else 0
        return len(items)

    def close(self, timeout: float) -> None:
        """Let it send what it has, and end it; takes at most ``timeout`` seconds."""
        process = self._process
        if process is None or self._socket is None:
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._listen()
        self._forget()

    def _in_halves(self, kind: str, items: Sequence[Any]) -> int:
        middle = len(items) // 2
        if not middle:  # it will never fit
            self.lost += 1 if kind == SPANS else 0
            return 1
        done = self.send(kind, items[:middle])
        return done if done < middle else done + self.send(kind, items[middle:])

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while self._socket is not None:
                said = self._socket.recv(REPORT.size)
                if len(said) != REPORT.size:
                    return
                self._report = REPORT.unpack(said)

    def _forget(self) -> None:
        """Add up what a process that has ended has done, and when there may be another."""
        if self._socket is not None:
            self._listen()
            self._socket.close()
        self.lost += max(0, self._sent - sum(self._report))
        self._before, self._report, self._sent = self.report, (0, 0, 0), 0
        self._process = self._socket = None
        if time.monotonic() - self._started > _LONGEST_PAUSE:
            self._pause = _FIRST_PAUSE
        self._retry_later()

    def _retry_later(self) -> None:
        self._next = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


def _sum(one: Report, other: Report) -> Report:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _executed() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Execute the process; return what is written to, and it. Leaves nothing open that fails.

    Raises:
        OSError: There are no descriptors, no processes or no memory left.
    """
    with contextlib.ExitStack() as failed:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        failed.enter_context(ours)
        with theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            ours.setblocking(False)
            process = _reading(theirs)
        failed.pop_all()
    return ours, process


def _reading(end: socket.socket) -> subprocess.Popen[bytes]:
    """Execute it in a session of its own, out of reach of a terminal's signals."""
    return subprocess.Popen(  # noqa: S603  # this interpreter, and a module of ours
        [sys.executable, "-P", "-m", _MODULE],
        stdin=end.fileno(),
        stdout=subprocess.DEVNULL,
        env=_environment(os.environ),
        start_new_session=True,
    )


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return what Python needs to run, this module's place included, and nothing else."""
    kept = {name: text for name, text in ours.items() if name.startswith(_KEPT)}
    path = os.pathsep.join(filter(None, sys.path))
    return kept | {"PYTHONPATH": path, "GRPC_VERBOSITY": "NONE"}
