"""Keeps the file ``instance`` up to date while the daemon runs."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable

from signward.audit.checkpoints import parse_checkpoint

from signward_server.audit.rounds import Rounds
from signward_server.core.errors import CustodyUnavailable, StoreUnavailable
from signward_server.home.instance import Instance, InstanceFile

__all__ = ["Remembering"]

_EVERY = 1.0  # seconds
_log = logging.getLogger(__name__)


class Remembering:
    """Writes down how far store and audit log have come, so that older ones are noticed.

    The file never is ahead of them: it is told of nothing that could still be lost.

    Args:
        file: The file.
        begun: What it says.
        version: Returns the store's version; raises ``StoreUnavailable``.
        checkpoint: Returns the last checkpoint of the audit log, empty if there is none.
    """

    def __init__(
        self,
        file: InstanceFile,
        begun: Instance,
        version: Callable[[], int],
        checkpoint: Callable[[], bytes],
    ) -> None:
        self._file = file
        self._written = begun
        self._version = version
        self._checkpoint = checkpoint
        self._failing = False
        self._rounds = Rounds("instance", _EVERY, self.look)

    def start(self) -> None:
        """Begin to look every second."""
        self._rounds.start()

    def stop(self) -> None:
        """Look a last time, and end."""
        self._rounds.stop()
        self._write(self._now())

    def look(self) -> None:
        """Write if keys or API keys were changed."""
        now = self._now()
        if now.version != self._written.version:
            self._write(now)

    def _now(self) -> Instance:
        try:
            version = self._version()
        except StoreUnavailable:
            version = self._written.version
        now = dataclasses.replace(self._written, version=max(version, self._written.version))
        if note := self._checkpoint():
            checkpoint = parse_checkpoint(note)
            now = dataclasses.replace(
                now, log=checkpoint.origin, size=checkpoint.size, root=checkpoint.root
            )
        return now

    def _write(self, now: Instance) -> None:
        if now == self._written:
            return
        try:
            self._file.write(now)
        except (OSError, CustodyUnavailable):
            if not self._failing:
                _log.warning(
                    "the file `instance` cannot be written: an older store would go unnoticed"
                )
            self._failing = True
        else:
            self._written = now
            self._failing = False
