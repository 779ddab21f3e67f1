"""The process that takes finished segments away: started, restarted, ended."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Uploader"]

_log = logging.getLogger(__name__)

_MODULE = "signward_server.audit.uploading"
_OURS = ("SIGNWARD_", "API_KEY")  # beginnings of variables that are not for the command
_PAUSE = 60.0  # seconds before it is started again
_STOP_TIMEOUT = 5.0  # seconds


class Uploader:
    """Runs the process, which is executed and holds no key; it ends with its parent.

    Args:
        folder: The folder of the log.
        command: Words of the command.
    """

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self._about = json.dumps({"folder": str(folder), "command": list(command)})
        self._process: subprocess.Popen[bytes] | None = None
        self._next = 0.0
        self._is_over = False
        self._start()

    def tend(self) -> int:
        """Start it again if it has ended; return how many uploads have failed since last time."""
        process = self._process
        if process is None or process.stdout is None:
            if time.monotonic() >= self._next and not self._is_over:
                self._start()
            return 0
        try:
            failures = len(os.read(process.stdout.fileno(), 4096))
        except BlockingIOError:
            failures = 0
        if (code := process.poll()) is not None:
            _log.error("the process that uploads the audit log has ended", extra={"code": code})
            self._forget()
            self._next = time.monotonic() + _PAUSE
        return failures

    def close(self) -> None:
        """End it, and what it runs, for good."""
        self._is_over = True
        process = self._process
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._forget()

    def _start(self) -> None:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(_OURS)
        }
        try:
            self._process = process = subprocess.Popen(  # noqa: S603  # our own module
                [sys.executable, "-m", _MODULE, self._about],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as exc:
            _log.error("audit uploads cannot be started", extra={"errno": exc.errno})
            self._next = time.monotonic() + _PAUSE
            return
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)

    def _forget(self) -> None:
        process, self._process = self._process, None
        for pipe in (process.stdin, process.stdout) if process else ():
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
