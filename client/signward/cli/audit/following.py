"""The witness at work: looks again and again, says what it saw, and survives what passes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from signward.audit.replacing import replace_file
from signward.audit.witnessing import ShownLog, Witness
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

__all__ = ["Follower"]

_SETTINGS = (CredentialsError, InvalidArgument, PermissionDenied, Unauthenticated, Unimplemented)
_PATIENCE = 30.0  # seconds at most between two attempts
_REMIND = 60.0  # seconds after which a failure that goes on is told of again


class Follower:
    """Shows what a witness cosigns to the world.

    Args:
        witness: The witness.
        log: Where it looks.
        out: File that always has the newest cosigned checkpoint; ``None``: each one goes to
            standard output, followed by an empty line.
        stop: Ends it.
    """

    def __init__(
        self, witness: Witness, log: ShownLog, out: Path | None, stop: threading.Event
    ) -> None:
        self._witness = witness
        self._log = log
        self._out = out
        self._stop = stop
        self._failures = 0
        self._told = 0.0

    def once(self) -> None:
        """Look once, and show the newest cosigned checkpoint.

        Raises:
            ContradictionError: See ``Witness.look``.
            SignwardError: The daemon did not answer.
            OSError: It cannot be remembered or shown.
        """
        self._witness.look(self._log)
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
                if self._witness.look(self._log) or not shown:
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
        known = self._witness.known
        if known is None:
            return
        text = bytes(known.note)
        if self._out is not None:
            replace_file(self._out, text)
        else:
            sys.stdout.buffer.write(text + b"\n")
            sys.stdout.buffer.flush()

    def _failed(self, error: SignwardError, now: float) -> None:
        self._failures += 1
        if self._failures == 1 or now - self._told >= _REMIND:
            self._told = now
            note(f"no checkpoint: {error.reason or error.status.name}: {error.message}")

    def _recovered(self) -> None:
        if self._failures:
            note(f"the daemon answers again after {self._failures} failures")
            self._failures = 0
