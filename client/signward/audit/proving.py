"""Making proofs from a log's folder, offline."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from signward.audit.checkpoints import Checkpoint
from signward.audit.errors import AuditError, ProofError
from signward.audit.folder import LogFolder, mapped
from signward.audit.merkle import CompactRange, leaf_hash
from signward.audit.proof_files import ConsistencyProof, InclusionProof
from signward.audit.proofs import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
)
from signward.audit.reading import read_bodies, read_body
from signward.audit.segment_list import marks_beside
from signward.audit.stored import Nodes, nodes_over

__all__ = ["find_checkpoint", "prove_consistency", "prove_inclusion"]


def find_checkpoint(folder: LogFolder, size: int | None = None) -> Checkpoint:
    """Return a checkpoint of a log; its signature is not verified.

    Args:
        folder: The log.
        size: Number of records that it speaks of; ``None``: the newest one.

    Raises:
        AuditError: There is none.
    """
    newest: Checkpoint | None = None
    for checkpoint in _checkpoints(folder, size):
        if checkpoint.size == size:
            return checkpoint
        if size is None and (newest is None or checkpoint.size > newest.size):
            newest = checkpoint
    if newest is None:
        which = "" if size is None else f" of {size} records"
        raise AuditError(f"no checkpoint{which} is in this log")
    return newest


def _checkpoints(folder: LogFolder, size: int | None) -> Iterator[Checkpoint]:
    """Yield those that may be of a size; the newest is among the first segment's that has any."""
    for first in sorted({*folder.segments, *folder.checkpoints}, reverse=True):
        if size is None or first <= size:
            found = [mark.checkpoint for mark in marks_beside(folder, first)]
            yield from found
            if found and size is None:
                return


def prove_inclusion(folder: LogFolder, sequence: int, size: int | None = None) -> InclusionProof:
    """Prove that a record is in a log.

    Args:
        folder: The log.
        sequence: Number of the record.
        size: Of the checkpoint to prove it to; ``None``: the newest one.

    Raises:
        AuditError: There is no such record or checkpoint.
        ProofError: The log is not the one of the checkpoint.
        OSError: A file cannot be read.
    """
    checkpoint = find_checkpoint(folder, size)
    body = read_body(folder, sequence)
    leaf = leaf_hash(body)

    def proof(nodes: Nodes) -> list[bytes]:
        hashes = inclusion_proof(sequence, checkpoint.size, nodes)
        check_inclusion(sequence, checkpoint.size, leaf, checkpoint.root, hashes)
        return hashes

    if sequence >= checkpoint.size:
        raise AuditError(f"record {sequence} is newer than a log of {checkpoint.size} records")
    return InclusionProof(sequence, body, _proved(folder, proof), checkpoint)


def prove_consistency(
    folder: LogFolder, first: Checkpoint, size: int | None = None
) -> ConsistencyProof:
    """Prove that a log goes on from a checkpoint.

    Args:
        folder: The log.
        first: The older checkpoint.
        size: Of the newer one; ``None``: the newest that there is.

    Raises:
        AuditError: There is no such checkpoint.
        ProofError: The log is not the one of the checkpoints.
        OSError: A file cannot be read.
    """
    second = find_checkpoint(folder, size)

    def proof(nodes: Nodes) -> list[bytes]:
        hashes = consistency_proof(first.size, second.size, nodes)
        check_consistency(first.size, second.size, first.root, second.root, hashes)
        return hashes

    if first.size > second.size:
        raise AuditError(f"the log's newest checkpoint is of {second.size} records only")
    return ConsistencyProof(_proved(folder, proof), first, second)


def _proved(folder: LogFolder, proof: Callable[[Nodes], list[bytes]]) -> tuple[bytes, ...]:
    """Return a proof that holds, from the stored hashes or, where those fail, from the records."""
    if folder.has_hashes:
        try:
            with mapped(folder.hashes) as data:
                return tuple(proof(nodes_over(data)))
        except (LookupError, ProofError, OSError):
            pass  # they are derived, and may be behind or wrong
    if folder.segments[:1] != (0,):
        raise AuditError("the hashes of older records are not stored, and their records are gone")
    tree = CompactRange()
    stored = tree.extend(leaf_hash(body) for _, body in read_bodies(folder))
    try:
        return tuple(proof(nodes_over(b"".join(stored))))
    except (LookupError, ProofError) as error:
        raise ProofError("its records are not those of the checkpoint") from error
