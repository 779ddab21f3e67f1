"""Whether a log goes on from what was seen of it before, here or elsewhere (S41)."""

from __future__ import annotations

from dataclasses import dataclass

from signward.audit.errors import ProofError
from signward.audit.proofs import check_consistency, consistency_proof

from signward_server.audit.tree import Tree
from signward_server.core.startup import NotAdopted

__all__ = ["Seen", "ensure_continues"]

_FIX = (
    "find out what was put back; where the newer records are lost, keep this log as evidence and "
    "begin another one with `signward audit init`"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A tree that the log has had.

    Attributes:
        by: Who has seen it, for the error.
        size: Number of records.
        root: Root of the tree over them, 32 bytes.
    """

    by: str
    size: int
    root: bytes


def ensure_continues(tree: Tree, seen: Seen) -> None:
    """Return if the tree begins with one that was seen.

    Raises:
        NotAdopted: Records are missing, are others, or it can no longer be told.
        OSError: The stored hashes cannot be read.
    """
    if not seen.size:
        return
    if tree.size < seen.size:
        raise NotAdopted(
            f"the audit log holds {tree.size} records, but {seen.by} knows {seen.size}: "
            "an older copy of it was put back",
            _FIX,
        )
    try:
        proof = consistency_proof(seen.size, tree.size, tree.node)
    except LookupError as exc:
        raise NotAdopted(
            f"it cannot be told any more whether the audit log goes on from the {seen.size} "
            f"records that {seen.by} knows",
            "give a newer checkpoint; `signward audit verify` tells more",
        ) from exc
    try:
        check_consistency(seen.size, tree.size, seen.root, tree.root(), proof)
    except ProofError as exc:
        raise NotAdopted(
            f"the audit log does not begin with the {seen.size} records that {seen.by} knows", _FIX
        ) from exc
