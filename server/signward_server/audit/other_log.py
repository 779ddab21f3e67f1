"""The log of another worker, read from its files; nothing is written there."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from signward.audit.checkpoint_files import last_in
from signward.audit.checkpoints import Checkpoint, verify_checkpoint
from signward.audit.errors import SignatureError
from signward.audit.segments import CHECKPOINTS_SUFFIX
from signward.audit.verifier_keys import VerifierKey

from signward_server.audit.beginning import Place
from signward_server.audit.growing import Growing
from signward_server.audit.proving import Proving
from signward_server.audit.reading import Reading
from signward_server.audit.tree import stored_node
from signward_server.core.errors import AuditUnavailable

__all__ = ["OtherLog"]

_log = logging.getLogger(__name__)

_PATIENCE = 1.5  # seconds for a checkpoint over what is there: its worker signs every second
_LOOK_EVERY = 0.05  # seconds


class OtherLog:
    """Implements ``ports.AuditLog``.

    Its worker may be at work, or have ended long ago. A checkpoint covers what was there when it
    was asked for, if the worker signs that in time; otherwise it is the newest that there is.

    Args:
        place: The log.
        key: Its public key.
    """

    def __init__(self, place: Place, key: VerifierKey) -> None:
        self.name = key.name
        self.verifier_key = str(key)
        self._folder = place.folder
        self._key = key
        self._growing = Growing(place.folder)
        self._reading = Reading(place, self._growing)
        self._proving = Proving(self, self, self._reading)

    @property
    def first(self) -> int:
        """See ``ports.AuditLog``."""
        try:
            return self._folder.segments()[0]
        except (OSError, IndexError) as exc:
            raise AuditUnavailable from exc

    @property
    def size(self) -> int:
        """See ``ports.AuditLog``."""
        try:
            return self._growing.written
        except OSError as exc:
            raise AuditUnavailable from exc

    def checkpoint(self) -> bytes:
        """See ``ports.AuditLog``."""
        size, end = self.size, time.monotonic() + _PATIENCE
        while True:
            found = self.newest()
            is_over = time.monotonic() >= end
            if found is not None and (found.size >= size or is_over):
                return bytes(found.note)
            if is_over:
                raise AuditUnavailable
            time.sleep(_LOOK_EVERY)

    def newest(self) -> Checkpoint | None:
        """Return its newest checkpoint, ``None`` if there is none yet.

        Raises:
            AuditUnavailable: It cannot be read, or is not signed by the log's key.
        """
        try:
            beside = self._folder.beside()
        except OSError as exc:
            raise AuditUnavailable from exc
        paths = [path for path in beside if path.suffix == CHECKPOINTS_SUFFIX]
        for path in sorted(paths, reverse=True):
            found = last_in(path)
            if found is None:
                continue
            try:
                verify_checkpoint(found, self._key)
            except SignatureError as exc:
                _log.error("a checkpoint of another worker's log is not signed by its key")
                raise AuditUnavailable from exc
            return found
        return None

    @property
    def note(self) -> bytes:
        """The newest checkpoint, which proofs lead to."""
        found = self.newest()
        return bytes(found.note) if found is not None else b""

    def records(self, start: int, most: int) -> Sequence[bytes]:
        """See ``ports.AuditLog``."""
        return self._reading.records(start, most)

    def wait(self, sequence: int, timeout: float) -> bool:
        """See ``ports.AuditLog``."""
        end = time.monotonic() + timeout
        while self.size <= sequence:
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, _LOOK_EVERY))
        return True

    def inclusion(self, sequence: int, size: int) -> Sequence[bytes]:
        """See ``ports.AuditLog``."""
        return self._proving.inclusion(sequence, size, self.first)

    def consistency(self, first: int, second: int) -> Sequence[bytes]:
        """See ``ports.AuditLog``."""
        return self._proving.consistency(first, second, self.first)

    def node(self, level: int, n: int) -> bytes:
        """Return a stored hash; see ``Tree.node``."""
        return stored_node(self._folder.hashes, level, n)
