"""Holding a tree against checkpoints, while it grows past their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signward.audit.checkpoints import Checkpoint, verify_checkpoint
from signward.audit.errors import SignatureError
from signward.audit.findings import Finding, Kind
from signward.audit.merkle import CompactRange
from signward.audit.verifier_keys import VerifierKey

__all__ = ["Judge", "Mark"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A checkpoint that the tree has to agree with.

    Attributes:
        checkpoint: Of the log; its signature is still to be verified, unless it was given.
        file: Where it was found.
        offset: Byte at which it begins there.
        given: Whether it comes from outside of the log.
    """

    checkpoint: Checkpoint
    file: str
    offset: int
    given: bool = False

    @property
    def size(self) -> int:
        """Number of records that it speaks of."""
        return self.checkpoint.size


class Judge:
    """Verifies the checkpoints that fall into one segment.

    Args:
        key: The log's.
        segment: Name of the segment.
        tree: Its tree, as it grows.
        findings: Where to say what is wrong.
    """

    def __init__(
        self, key: VerifierKey, segment: str, tree: CompactRange, findings: list[Finding]
    ) -> None:
        self._key = key
        self._segment = segment
        self._tree = tree
        self._findings = findings
        self._first = tree.size
        self._agreed = -1  # largest size that a checkpoint agreed with
        self._told = False
        self.newest: Checkpoint | None = None
        self.given: list[int] = []

    def judge(self, mark: Mark) -> None:
        """Hold the tree as it is against a checkpoint of its size."""
        if not self._signed(mark):
            return
        if self._tree.root() == mark.checkpoint.root:
            self._agreed = mark.size
            if mark.given:
                self.given.append(mark.size)
            else:
                self.newest = mark.checkpoint
        else:
            self._disagree(mark)

    def leftover(self, marks: Sequence[Mark], *, ended: bool) -> None:
        """Judge checkpoints of more records than there are.

        Args:
            marks: Ascending.
            ended: Whether the log ends here with nothing else that is wrong.
        """
        beyond = [mark for mark in marks if self._signed(mark)]
        if not beyond or not ended:
            return
        size, most = self._tree.size, beyond[-1]
        text = (
            f"records {size} to {most.size - 1} are missing at the end: a checkpoint of"
            f" {most.size} records was signed, {size} are there"
        )
        last = most.size - 1
        self._findings.append(Finding(Kind.TRUNCATED, text, most.file, most.offset, size, last))

    def _signed(self, mark: Mark) -> bool:
        if mark.given:
            return True
        try:
            verify_checkpoint(mark.checkpoint, self._key)
        except SignatureError as error:
            foreign = mark.checkpoint.origin != self._key.name
            kind = Kind.ORIGIN if foreign else Kind.SIGNATURE
            text = f"the checkpoint of {mark.size} records does not count: {error}"
            self._findings.append(Finding(kind, text, mark.file, mark.offset))
            return False
        return True

    def _disagree(self, mark: Mark) -> None:
        size = mark.size
        if mark.given:
            text = f"the log does not begin with the {size} records of the given checkpoint"
            self._findings.append(Finding(Kind.REWRITTEN, text, mark.file, None, 0, size - 1))
        elif self._agreed == size:
            text = f"two different logs of {size} records are signed"
            self._findings.append(Finding(Kind.FORKED, text, mark.file, mark.offset))
        elif not self._told:
            self._told = True
            first = max(self._agreed, self._first)
            if first == size:
                text = f"what its header says of the {size} records before is not what was signed"
                found = Finding(Kind.CHANGED, text, self._segment, 0)
            else:
                unsure = "" if self._agreed >= 0 or first == 0 else ", or the header before them,"
                text = f"records {first} to {size - 1}{unsure} are not what was signed"
                found = Finding(Kind.CHANGED, text, self._segment, None, first, size - 1)
            self._findings.append(found)
