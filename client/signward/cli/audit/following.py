"""The witness at work: looks again and again, says what it saw, and survives what passes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from signward.audit.checkpoints import Checkpoint
from signward.audit.log_list import FIRST
from signward.audit.replacing import replace_file
from signward.cli.failures import note
from signward.errors import (
    CredentialsError,
    InvalidArgument,
    PermissionDenied,
    SignwardError,
    Unauthenticated,
    Unimplemented,
)
from signward.retry import RetryPolicy

__all__ = ["Follower", "Seeing"]

_SETTINGS = (CredentialsError, InvalidArgument, PermissionDenied, Unauthenticated, Unimplemented)
_PATIENCE = 30.0  # seconds at most between two attempts
_REMIND = 60.0  # seconds after which a failure that goes on is told of again


class Seeing(Protocol):
    """What a witness sees of a daemon's logs."""

    def look(self) -> bool:
        """Look at all of them; return whether there was something to cosign."""
        ...

    def known(self) -> Iterable[tuple[str, Checkpoint]]:
        """Return the folder of each log and what was cosigned last of it."""
        ...


class Follower:
    """Shows what a witness cosigns to the world.

    Args:
        seeing: What the witness sees.
        out: File that always has the newest cosigned checkpoint of the first log, and with the
            name of another log's folder after a dot that of this one; ``None``: each one goes to
            standard output, followed by an empty line.
        stop: Ends it.
    """

    def __init__(self, seeing: Seeing, out: Path | None, stop: threading.Event) -> None:
        self._seeing = seeing
        self._out = out
        self._shown: dict[str, int] = {}
        self._stop = stop
        self._failures = 0
        self._told = 0.0

    def once(self) -> None:
        """Look once, and show the newest cosigned checkpoints.

        Raises:
            ContradictionError: See ``Sightings.look``.
            SignwardError: The daemon did not answer.
            OSError: It cannot be remembered or shown.
        """
        self._seeing.look()
        self._show()

    def run(self, interval: float, monotonic: Callable[[], float]) -> None:
        """Look until it is stopped; a daemon that does not answer is tried again.

        Where the first look fails for a reason that waiting does not change, it gives up.

        Args:
            interval: Seconds between two looks.
            monotonic: Returns seconds.

        Raises:
            ContradictionError, OSError: See ``once``.
            SignwardError: The first look failed.
        """
        patience = RetryPolicy(base=max(interval, 0.1), cap=_PATIENCE)
        shown = False
        while not self._stop.is_set():
            wait = interval
            try:
                if self._seeing.look() or not shown:
                    self._show()
                self._recovered()
                shown = True
            except SignwardError as error:
                if not shown and isinstance(error, _SETTINGS):
                    raise
                self._failed(error, monotonic())
                wait = max(interval, patience.delay(min(self._failures, 16), error.retry_after))
            self._stop.wait(wait)

    def _show(self) -> None:
        for folder, known in self._seeing.known():
            if self._shown.get(folder) == known.size:
                continue
            text = bytes(known.note)
            if self._out is None:
                sys.stdout.buffer.write(text + b"\n")
                sys.stdout.buffer.flush()
            elif folder == FIRST:
                replace_file(self._out, text)
            else:
                replace_file(self._out.with_name(f"{self._out.name}.{folder}"), text)
            self._shown[folder] = known.size

    def _failed(self, error: SignwardError, now: float) -> None:
        self._failures += 1
        if self._failures == 1 or now - self._told >= _REMIND:
            self._told = now
            note(f"no checkpoint: {error.reason or error.status.name}: {error.message}")

    def _recovered(self) -> None:
        if self._failures:
            note(f"the daemon answers again after {self._failures} failures")
            self._failures = 0
