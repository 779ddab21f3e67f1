"""Takes finished segments away: ``python -m signward_server.audit.uploading``.

It holds no key and knows nothing of the daemon but the folder of its log. It ends when its
standard input does, which is when its parent ends, and says each failure with one byte on
standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from signward.audit.errors import SegmentError
from signward.audit.framing import FRAME_HEAD, MAX_RECORD
from signward.audit.segments import read_header

from signward_server.audit.folder import Folder

__all__ = ["Ended", "Uploading", "main"]

_LOOK_EVERY = 1.0  # seconds
_POLL_EVERY = 0.1  # seconds
_LONGEST = 3600.0  # seconds that a command may take
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_STDIN = 0
_STDOUT = 1
_FAILED = b"-"


class Ended(Exception):  # noqa: N818  # it is no error
    """The daemon has ended."""


class Uploading:
    """Runs the command for one segment after the other.

    Args:
        folder: The folder of the log.
        command: Words of the command; the paths of the segment and of its checkpoints follow.
    """

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self._folder = Folder(folder)
        self._command = list(command)

    def run(self) -> None:
        """Go on until the daemon ends.

        Raises:
            Ended: It did.
        """
        pause = _FIRST_PAUSE
        while True:
            segment = self._next()
            if segment is None:
                _wait(_LOOK_EVERY)
            elif self._upload(segment):
                pause = _FIRST_PAUSE
            else:
                os.write(_STDOUT, _FAILED)
                _wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _next(self) -> int | None:
        """Return the oldest finished segment that was not uploaded yet."""
        try:
            segments = self._folder.segments()
        except OSError:
            return None
        for first, following in pairwise(segments):
            if not self._folder.uploaded(first).exists():
                return first if self._is_begun(following) else None
        return None

    def _is_begun(self, first: int) -> bool:
        """Return whether a segment's header is whole: until then the one before may go on."""
        path = self._folder.segment(first)
        try:
            with path.open("rb") as file:
                read_header(file.read(FRAME_HEAD + MAX_RECORD), path.name)
        except (OSError, SegmentError):
            return False
        return True

    def _upload(self, first: int) -> bool:
        """Run the command, and remember that it was done; return whether it was."""
        paths = (self._folder.segment(first), self._folder.checkpoints(first))
        try:
            process = subprocess.Popen(  # noqa: S603  # the operator says what to run
                [*self._command, *map(str, paths)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
            code = _code(process)
            if code == 0:
                self._folder.uploaded(first).touch(mode=0o600)
                return True
        except OSError as exc:
            code = exc.errno or -1
        _say("a segment of the audit log was not uploaded", segment=paths[0].name, code=code)
        return False


def main(arguments: Sequence[str]) -> None:
    """Run for the folder and the command in the first argument, as JSON."""
    about = json.loads(arguments[0])
    try:
        Uploading(Path(about["folder"]), about["command"]).run()
    except Ended:
        return


def _code(process: subprocess.Popen[bytes]) -> int:
    """Return how a command ends; what it leaves running then, or takes too long, is ended."""
    end = time.monotonic() + _LONGEST
    try:
        while (code := process.poll()) is None and time.monotonic() < end:
            _wait(_POLL_EVERY)
    finally:
        with contextlib.suppress(ProcessLookupError):  # as it mostly is: nothing is left
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return -1 if code is None else code


def _wait(seconds: float) -> None:
    """Wait.

    Raises:
        Ended: The daemon has ended.
    """
    readable, _, _ = select.select([_STDIN], [], [], seconds)
    if readable and not os.read(_STDIN, 4096):
        raise Ended


def _say(text: str, **fields: str | int) -> None:
    line = {"event": text, "level": "warning", "logger": "signward_server.audit", **fields}
    sys.stderr.write(f"{json.dumps(line)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
