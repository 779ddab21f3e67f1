"""Inclusion and consistency proofs of RFC 6962, sections 2.1.1 and 2.1.2: made and checked.

Checking follows RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

from collections.abc import Sequence

from signward.audit.errors import ProofError
from signward.audit.merkle import EMPTY_ROOT, HASH_SIZE, node_hash
from signward.audit.stored import Nodes, subtree_root

__all__ = [
    "check_consistency",
    "check_inclusion",
    "consistency_proof",
    "inclusion_proof",
    "root_of_inclusion",
]

_DOES_NOT_HOLD = "the proof does not hold"


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that a leaf is in a tree.

    Args:
        index: Number of the leaf, from 0.
        size: Number of leaves of the tree, above ``index``.
        nodes: Reads the stored hashes of that tree or a larger one.

    Raises:
        ProofError: There is no such leaf in such a tree.
    """
    if not 0 <= index < size:
        raise ProofError(f"there is no record {index} in a log of {size}")
    start, end, proof = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(subtree_root(middle, end, nodes))
            end = middle
        else:
            proof.append(subtree_root(start, middle, nodes))
            start = middle
    return proof[::-1]


def consistency_proof(first: int, second: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that the tree of ``second`` leaves begins with that of ``first``.

    It is empty where ``first`` is 0 or equal to ``second``.

    Raises:
        ProofError: ``first`` is above ``second``, or below 0.
    """
    if not 0 <= first <= second:
        raise ProofError(f"a log of {second} cannot begin with one of {first}")
    if first in (0, second):
        return []
    start, end, proof = 0, second, []
    while end != first:
        middle = start + _split(end - start)
        if first <= middle:
            proof.append(subtree_root(middle, end, nodes))
            end = middle
        else:
            proof.append(subtree_root(start, middle, nodes))
            start = middle
    if start:
        proof.append(subtree_root(start, end, nodes))
    return proof[::-1]


def root_of_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root that a leaf hash and its proof lead to.

    Raises:
        ProofError: The proof is not one of this leaf in a tree of this size.
    """
    if not 0 <= index < size or any(len(node) != HASH_SIZE for node in (leaf, *proof)):
        raise ProofError(_DOES_NOT_HOLD)
    fn, sn, root = index, size - 1, leaf
    for node in proof:
        if sn == 0:
            raise ProofError(_DOES_NOT_HOLD)
        if fn & 1 or fn == sn:
            root = node_hash(node, root)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node_hash(root, node)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofError(_DOES_NOT_HOLD)
    return root


def check_inclusion(
    index: int, size: int, leaf: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that a leaf hash is the one at ``index`` of the tree of this size and root.

    Raises:
        ProofError: It is not, or the proof does not show it.
    """
    if root_of_inclusion(index, size, leaf, proof) != root:
        raise ProofError(_DOES_NOT_HOLD)


def check_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of ``second`` leaves begins with that of ``first``.

    Raises:
        ProofError: It does not, or the proof does not show it.
    """
    if not 0 <= first <= second or any(len(node) != HASH_SIZE for node in proof):
        raise ProofError(_DOES_NOT_HOLD)
    if first in (0, second):
        same = first_root == (EMPTY_ROOT if first == 0 else second_root)
        if second == 0:
            same = same and second_root == EMPTY_ROOT
        if proof or not same:
            raise ProofError(_DOES_NOT_HOLD)
        return
    if _roots_of_consistency(first, second, first_root, proof) != (first_root, second_root):
        raise ProofError(_DOES_NOT_HOLD)


def _roots_of_consistency(
    first: int, second: int, first_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    path = list(proof)
    if first & (first - 1) == 0:  # the first tree is one complete subtree of the second
        path.insert(0, first_root)
    if not path:
        raise ProofError(_DOES_NOT_HOLD)
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for node in path[1:]:
        if sn == 0:
            raise ProofError(_DOES_NOT_HOLD)
        if fn & 1 or fn == sn:
            old, new = node_hash(node, old), node_hash(node, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, node)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofError(_DOES_NOT_HOLD)
    return old, new


def _split(size: int) -> int:
    """Return the largest power of two below ``size``, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)
