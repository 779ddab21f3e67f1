"""What verification finds, each under a stable name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Findings", "Kind", "Severity"]

_MOST = 1000  # findings kept of one verification


class Severity(StrEnum):
    """Whether a finding speaks against the log."""

    ERROR = "error"  # the log is not what was signed, or cannot be shown to be
    NOTE = "note"  # worth knowing; the log is intact


class Kind(StrEnum):
    """Names of findings. ``NOTES`` speak for themselves; everything else is an error."""

    CHANGED = "changed"  # records, or the frontier before them, are not those that were signed
    SEQUENCE = "sequence"  # records are missing, repeated or in another order
    CHECKSUM = "checksum"  # a frame is damaged
    TRUNCATED = "truncated"  # records that were signed are missing at the end
    MISSING_SEGMENT = "missing-segment"  # a whole file is gone
    SPLICED = "spliced"  # a segment does not go on where the one before ends
    HEADER = "header"  # a segment's header is malformed, or contradicts its name
    ORIGIN = "origin"  # something is of another log
    CHECKPOINT = "checkpoint"  # a checkpoint is malformed
    SIGNATURE = "signature"  # a checkpoint is not signed by the log's key
    FORKED = "forked"  # two different logs of one size are signed
    REPLAYED = "replayed"  # an old checkpoint stands where a newer one belongs
    ROLLED_BACK = "rolled-back"  # the log has forgotten a checkpoint that others have
    REWRITTEN = "rewritten"  # the log does not begin with what others have seen
    UNDECIDED = "undecided"  # a given checkpoint is older than what is left of the log
    WITNESS = "witness"  # a witness did not cosign a given checkpoint
    UNSIGNED = "unsigned"  # no checkpoint covers anything: nothing is proved
    HASHES = "hashes"  # stored hashes, which are only derived, are wrong
    UNREADABLE = "unreadable"  # a file cannot be read
    LIST = "list"  # the list of logs is missing, malformed, forged, older or another one
    MISSING_LOG = "missing-log"  # a log of the list is gone
    UNLISTED_LOG = "unlisted-log"  # a log that the list does not name
    SHORTENED = "shortened"  # the beginning is gone, and nothing that is proved says why

    RETAINED = "retained"  # retention removed the beginning, as the log itself says
    UNSIGNED_TAIL = "unsigned-tail"  # records after the newest checkpoint
    TORN_TAIL = "torn-tail"  # a frame or checkpoint at the very end that was not written whole
    DISCARDED_TAIL = "discarded-tail"  # bytes that the next segment declares void
    UNPINNED_LIST = "unpinned-list"  # the first log does not say yet that there are so many
    HASHES_APART = "hashes-apart"  # stored hashes are missing, or of fewer or more records
    UNKNOWN_FILE = "unknown-file"  # something else in the folder


_NOTES = frozenset(
    {
        Kind.RETAINED,
        Kind.UNSIGNED_TAIL,
        Kind.TORN_TAIL,
        Kind.DISCARDED_TAIL,
        Kind.HASHES_APART,
        Kind.UNPINNED_LIST,
        Kind.UNKNOWN_FILE,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that verification found.

    Attributes:
        kind: Its stable name.
        text: What it is, in a sentence.
        file: Name of the file, empty where it is none.
        offset: Byte in that file, ``None`` where it does not matter.
        first: First record concerned, ``None`` where it is none.
        last: Last record concerned, ``None`` where it is one or unknown.
    """

    kind: Kind
    text: str
    file: str = ""
    offset: int | None = None
    first: int | None = None
    last: int | None = None

    @property
    def severity(self) -> Severity:
        """Whether it speaks against the log."""
        return Severity.NOTE if self.kind in _NOTES else Severity.ERROR


class Findings:
    """Findings as they come, up to a bound; those after it are counted."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self.left_out = 0

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._kept)

    @property
    def errors(self) -> bool:
        """Whether one of them speaks against the log."""
        return any(finding.severity is Severity.ERROR for finding in self._kept)

    def add(self, finding: Finding) -> None:
        """Keep a finding; an error takes the place of a note where there are too many."""
        if len(self._kept) < _MOST or (finding.severity is Severity.ERROR and not self.errors):
            self._kept.append(finding)
        else:
            self.left_out += 1

    def extend(self, findings: Iterable[Finding]) -> None:
        """Keep several."""
        for finding in findings:
            self.add(finding)
