"""Log lines on their way to a stream that may stop taking them.

Whoever logs must not wait for whoever reads the log: lines are kept, up to a bound, and a
thread of their own writes them. What does not fit is dropped and counted, and the count is
logged as soon as lines are taken again.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import TextIO

__all__ = ["Spool"]

_MOST = 4 * 2**20  # characters that wait: some ten thousand lines
_END = "\n"
_LAST_LINES = 2.0  # seconds that an end waits for what is not written yet


class Spool(logging.Handler):
    """Formats records where they are made and writes them from a thread.

    A record is text before it is kept, so that nothing a caller sent lives on in it.
    ``logging`` flushes and closes it when the process ends.

    Args:
        stream: Where to. Its file is written to directly: the stream's own lock would be held
            while nobody reads, and the end of the process takes that lock.
        most: Characters that may wait.

    Attributes:
        lost: Records that were never written.
    """

    def __init__(self, stream: TextIO, most: int = _MOST) -> None:
        super().__init__()
        self._write = _writer(stream)
        self._most = most
        self._changed = threading.Condition()
        self._lines: list[str] = []
        self._held = 0  # characters, those that are being written included
        self._dropped = 0  # of those that were lost, how many the log does not tell of yet
        self.lost = 0
        self._writing = False
        self._failing = False
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether somebody writes what is kept."""
        return self._thread.is_alive()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record's line, or count it if there is no room."""
        if self._held >= self._most:
            self._keep(None)
            return
        try:
            line = self.format(record) + _END
        except Exception:  # noqa: BLE001  # as of every handler: logging must not end a call
            self._keep(None)
        else:
            self._keep(line)

    def flush(self, timeout: float = _LAST_LINES) -> None:
        """Return when all lines are written, or after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(self._written, timeout)

    def close(self) -> None:
        """Have the thread end after the lines that are kept; does not wait for it."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        super().close()

    def _keep(self, line: str | None) -> None:
        with self._changed:
            if line is None or self._ended or self._held + len(line) > self._most:
                self._dropped += 1
                self.lost += 1
            else:
                self._lines.append(line)
                self._held += len(line)
            self._changed.notify_all()

    def _written(self) -> bool:
        return not self._writing and not self._due()

    def _due(self) -> bool:
        """Return whether there is something to write; where writing fails, lines alone are."""
        return bool(self._lines or (self._dropped and not self._failing))

    def _run(self) -> None:
        while self._wait():
            with self._changed:
                lines, self._lines = self._lines, []
                dropped, self._dropped = self._dropped, 0
            failed = not self._put(lines, dropped)
            with self._changed:
                self._held -= sum(map(len, lines))
                self._dropped += len(lines) + dropped if failed else 0
                self.lost += len(lines) if failed else 0
                self._failing = failed
                self._writing = False
                self._changed.notify_all()

    def _wait(self) -> bool:
        """Wait for something to write; return false if nothing will come any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._due())
            self._writing = self._due()
            return self._writing

    def _put(self, lines: list[str], dropped: int) -> bool:
        """Write lines, and how many are missing; return whether that was possible."""
        last = [self._confession(dropped)] if dropped else []
        try:
            self._write("".join(lines + last))
        except (OSError, ValueError):  # nobody reads, no space is left, it is closed
            return False
        return True

    def _confession(self, dropped: int) -> str:
        record = logging.LogRecord(
            __name__, logging.WARNING, __file__, 0, "log records were dropped", None, None
        )
        record.__dict__["count"] = dropped  # as ``extra`` does
        return self.format(record) + _END


def _writer(stream: TextIO) -> Callable[[str], object]:
    """Return what writes a text wholly; it may wait for ever."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):  # it is no file
        return stream.write

    def write(text: str) -> None:
        rest = memoryview(text.encode(errors="backslashreplace"))
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    return write
