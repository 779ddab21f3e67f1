"""Checkpoints from outside of the log: what a witness or an auditor has kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signward.audit.checkpoints import Checkpoint, verify_checkpoint
from signward.audit.cosignatures import verify_cosignature
from signward.audit.errors import ProofError, SignatureError
from signward.audit.findings import Finding, Findings, Kind
from signward.audit.framing import Buffer
from signward.audit.marks import Mark
from signward.audit.merkle import EMPTY_ROOT
from signward.audit.proofs import check_consistency, consistency_proof
from signward.audit.stored import nodes_over, tree_root
from signward.audit.verifier_keys import VerifierKey

__all__ = ["Given", "bridge", "marks_of_given"]


@dataclass(frozen=True, slots=True)
class Given:
    """A checkpoint that the log has to go on from.

    Attributes:
        name: What to call it, such as the name of its file.
        checkpoint: As it was read; nothing is verified.
    """

    name: str
    checkpoint: Checkpoint


def marks_of_given(
    given: Sequence[Given], key: VerifierKey, witnesses: Sequence[VerifierKey], findings: Findings
) -> list[Mark]:
    """Return the given checkpoints that the log and all witnesses have signed."""
    marks = []
    for each in given:
        kind, by = Kind.SIGNATURE, "the log"
        try:
            verify_checkpoint(each.checkpoint, key)
            for witness in witnesses:
                kind, by = Kind.WITNESS, witness.name
                verify_cosignature(each.checkpoint, witness)
        except SignatureError as error:
            if each.checkpoint.origin != key.name:
                kind = Kind.ORIGIN
            text = f"the given checkpoint does not count for {by}: {error}"
            findings.add(Finding(kind, text, each.name))
        else:
            marks.append(Mark(each.checkpoint, each.name, 0, given=True))
    return marks


def bridge(mark: Mark, newer: Checkpoint | None, hashes: Buffer) -> Finding | None:
    """Judge a given checkpoint of records that are no longer there.

    Args:
        mark: The given one.
        newer: A checkpoint that the log agrees with, if there is one.
        hashes: The stored hashes; what they prove need not be trusted.

    Returns:
        What is wrong, ``None`` if the log goes on from the checkpoint.
    """
    if mark.size == 0:
        right = mark.checkpoint.root == EMPTY_ROOT
        return None if right else Finding(Kind.REWRITTEN, "no log begins like this", mark.file)
    text = f"record {mark.size - 1} of the given checkpoint is no longer in the log, and "
    if newer is None:
        return Finding(Kind.UNDECIDED, text + "no newer checkpoint covers it", mark.file)
    old, nodes = mark.checkpoint, nodes_over(hashes)
    try:
        proof = consistency_proof(old.size, newer.size, nodes)
    except LookupError:
        return Finding(Kind.UNDECIDED, text + "its hashes are not stored", mark.file)
    if _leads(old.size, old.root, newer, proof):
        return None
    if not _leads(old.size, tree_root(old.size, nodes), newer, proof):
        return Finding(Kind.UNDECIDED, text + "the stored hashes are wrong", mark.file)
    text = f"the log does not begin with the {old.size} records of the given checkpoint"
    return Finding(Kind.REWRITTEN, text, mark.file, None, 0, old.size - 1)


def _leads(size: int, root: bytes, newer: Checkpoint, proof: Sequence[bytes]) -> bool:
    try:
        check_consistency(size, newer.size, root, newer.root, proof)
    except ProofError:
        return False
    return True
