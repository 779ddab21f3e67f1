"""A witness: cosigns what a log says of itself, as long as that never contradicts itself.

A cosignature promises that its witness has seen one history only. What was cosigned is therefore
on the disk before anybody is shown it (https://c2sp.org/tlog-witness).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from signward.audit.checkpoints import Checkpoint, parse_checkpoint, verify_checkpoint
from signward.audit.cosignatures import cosign
from signward.audit.errors import AuditError, NoteError, ProofError, SignatureError, UnprovableError
from signward.audit.findings import Kind
from signward.audit.proofs import check_consistency
from signward.audit.verifier_keys import VerifierKey
from signward.audit.witness_keys import WitnessKey
from signward.audit.witness_state import WitnessState

__all__ = ["ContradictionError", "ShownLog", "Witness", "judge"]


class ContradictionError(AuditError):
    """A log shows what it cannot show if it is the log, and has only grown.

    Attributes:
        kind: Its stable name, as in verification.
        notes: What was known, if anything was, and what is shown.
    """

    def __init__(self, kind: Kind, text: str, *notes: bytes) -> None:
        super().__init__(text)
        self.kind = kind
        self.notes = notes


class ShownLog(Protocol):
    """A log as it shows itself. What it raises otherwise passes through its witness."""

    def checkpoint(self) -> bytes:
        """Return its newest checkpoint."""
        ...

    def consistency(self, first: int, second: int) -> Sequence[bytes]:
        """Return the proof that it continues what it was, both sizes above 0.

        Raises:
            UnprovableError: It shows none.
        """
        ...


def judge(log: ShownLog, key: VerifierKey, known: Checkpoint | None) -> Checkpoint:
    """Return a log's newest checkpoint, which continues one that is known.

    Args:
        log: What it shows.
        key: The key that it signs with.
        known: Verified before; ``None`` to believe what comes.

    Raises:
        ContradictionError: It is not signed by the key, or does not continue what is known.
    """
    note = log.checkpoint()
    before = () if known is None else (bytes(known.note),)
    try:
        shown = parse_checkpoint(note)
    except NoteError as error:
        raise ContradictionError(
            Kind.CHECKPOINT, f"no checkpoint: {error}", *before, note
        ) from error
    try:
        verify_checkpoint(shown, key)
    except SignatureError as error:
        kind = Kind.SIGNATURE if shown.origin == key.name else Kind.ORIGIN
        raise ContradictionError(
            kind, f"not the log's checkpoint: {error}", *before, note
        ) from error
    if known is not None:
        _ensure_continues(log, known, shown)
    return shown


def _ensure_continues(log: ShownLog, known: Checkpoint, shown: Checkpoint) -> None:
    notes = bytes(known.note), bytes(shown.note)
    first, second = known.size, shown.size
    if second < first:
        text = f"the log has gone back from {first} records to {second}"
        raise ContradictionError(Kind.ROLLED_BACK, text, *notes)
    if first == second and known.root != shown.root:
        text = f"two different logs of {first} records are signed"
        raise ContradictionError(Kind.FORKED, text, *notes)
    try:
        proof = log.consistency(first, second) if 0 < first < second else ()
        check_consistency(first, second, known.root, shown.root, proof)
    except UnprovableError as error:
        text = (
            f"that the log of {second} records begins with the {first} that it had cannot be"
            f" proved any more: {error}; verify its files with --since and the state"
        )
        raise ContradictionError(Kind.UNDECIDED, text, *notes) from error
    except ProofError as error:
        text = f"the log of {second} records does not begin with the {first} that it had: {error}"
        raise ContradictionError(Kind.REWRITTEN, text, *notes) from error


class Witness:
    """Cosigns the checkpoints of one log.

    Args:
        log: The key that the log signs with.
        key: Its own.
        state: What it remembers.
        clock: Returns seconds since 1970.

    Attributes:
        known: The checkpoint that was cosigned last, with the cosignature; ``None`` at first.

    Raises:
        StateError, OSError: See ``WitnessState.load``.
    """

    def __init__(
        self, log: VerifierKey, key: WitnessKey, state: WitnessState, clock: Callable[[], float]
    ) -> None:
        self._log = log
        self._key = key
        self._state = state
        self._clock = clock
        self.known = state.load(log, key.verifier)

    def look(self, log: ShownLog) -> bool:
        """Look at the log; return whether there was something to cosign, which is ``known`` now.

        Raises:
            ContradictionError: Nothing was cosigned.
            OSError: It cannot be remembered; nothing was cosigned that anybody can see.
        """
        shown = judge(log, self._log, self.known)
        if self.known is not None and self.known.size == shown.size:
            return False
        note = cosign(self._only_signed(shown), self._key.verifier, self._key.sign, self._now())
        self._state.store(note)
        self.known = parse_checkpoint(note)
        return True

    def _only_signed(self, shown: Checkpoint) -> Checkpoint:
        """Return the checkpoint with the log's own signature alone: others say nothing here."""
        value, *_ = self._log.signatures_on(shown.note)
        note = replace(shown.note, signatures=(self._log.signature(value),))
        return replace(shown, note=note)

    def _now(self) -> int:
        return int(self._clock())
