"""What reading, proving and verifying raise: one small tree, apart from errors of calls."""

from __future__ import annotations

__all__ = [
    "AuditError",
    "NoteError",
    "ProofError",
    "RecordError",
    "SegmentError",
    "SignatureError",
    "UnprovableError",
]


class AuditError(Exception):
    """Root of the errors of this package; its text says what is wrong."""


class NoteError(AuditError):
    """A signed note, checkpoint or verifier key is malformed."""


class SignatureError(AuditError):
    """A signature that has to be there is missing, or does not verify."""


class ProofError(AuditError):
    """A proof does not hold, or cannot be made."""


class UnprovableError(AuditError):
    """A log does not show a proof, as where it no longer has the hashes for it."""


class RecordError(AuditError):
    """A record is malformed or not canonical."""


class SegmentError(AuditError):
    """A segment cannot be read on from some place.

    Attributes:
        kind: ``header``, ``checksum``, ``length`` or ``torn``.
        file: Name of the file.
        offset: Byte at which the frame at fault begins.
        sequence: Record that should begin there, ``None`` for the header.
    """

    def __init__(
        self, text: str, *, kind: str, file: str, offset: int, sequence: int | None
    ) -> None:
        where = "header" if sequence is None else f"record {sequence}"
        super().__init__(f"{file}, byte {offset}, {where}: {text}")
        self.kind = kind
        self.file = file
        self.offset = offset
        self.sequence = sequence
