"""What a witness remembers: the last checkpoint that it cosigned, on the disk."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signward.audit.checkpoints import Checkpoint, parse_checkpoint, verify_checkpoint
from signward.audit.cosignatures import verify_cosignature
from signward.audit.errors import AuditError
from signward.audit.notes import MAX_NOTE
from signward.audit.replacing import replace_file
from signward.audit.verifier_keys import VerifierKey

__all__ = ["StateError", "WitnessState", "sole_user"]


class StateError(AuditError):
    """The state cannot be used; going on without it could cosign a second history."""


class WitnessState:
    """A file with the cosigned checkpoint, which is replaced as a whole.

    Args:
        path: The file; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, log: VerifierKey, witness: VerifierKey) -> Checkpoint | None:
        """Return the checkpoint that was cosigned last, ``None`` if there is no file.

        Raises:
            StateError: It is damaged, or of another log or witness.
            OSError: It cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                content = file.read(MAX_NOTE + 1)
        except FileNotFoundError:
            return None
        try:
            checkpoint = parse_checkpoint(content)
            verify_checkpoint(checkpoint, log)
            verify_cosignature(checkpoint, witness)
        except AuditError as error:
            raise StateError(f"{self.path} is not this witness's state: {error}") from error
        return checkpoint

    def store(self, note: bytes) -> None:
        """Replace the file; the note is on the disk when this returns.

        Raises:
            OSError: It is not; the file is the old one or the new one.
        """
        replace_file(self.path, note)

    def keep_evidence(self, *notes: bytes) -> Path:
        """Write what contradicts each other beside the file, each followed by an empty line.

        The name follows from what it holds, so that a contradiction is kept once.

        Raises:
            OSError: It cannot be written.
        """
        content = b"".join(note + b"\n" for note in notes)
        name = hashlib.sha256(content).hexdigest()[:16]
        path = self.path.with_name(f"{self.path.name}.evidence-{name}")
        replace_file(path, content)
        return path


@contextmanager
def sole_user(path: Path) -> Iterator[None]:
    """Hold a lock on the file of a key.

    Of two processes that cosign with one key, one would not know what the other has cosigned.

    Raises:
        StateError: Another process holds it.
        OSError: The file cannot be opened.
    """
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateError(f"{path} is in use by another witness") from error
        yield
