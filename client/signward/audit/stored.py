"""Where the hashes of a tree are stored: the order of golang.org/x/mod/sumdb/tlog.

Each leaf hash is followed by those of the subtrees that it completes, so that a file of them only
ever grows. Node ``n`` of level ``l`` is the root over the leaves ``n * 2**l`` to
``(n + 1) * 2**l - 1``; level 0 is the leaves themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from signward.audit.framing import Buffer
from signward.audit.merkle import EMPTY_ROOT, HASH_SIZE, fold

__all__ = [
    "Nodes",
    "frontier_at",
    "nodes_over",
    "stored_hash_count",
    "stored_hash_index",
    "subtree_root",
    "tree_root",
]

Nodes: TypeAlias = Callable[[int, int], bytes]
"""Returns the hash of a complete subtree, by level and number."""


def stored_hash_index(level: int, n: int) -> int:
    """Return the position of a hash, in hashes (not bytes) from the start."""
    last = (n + 1) << level  # the leaf count at which it is complete
    return stored_hash_count(last - 1) + level


def stored_hash_count(size: int) -> int:
    """Return how many hashes are stored of a tree of ``size`` leaves."""
    return 2 * size - size.bit_count()


def nodes_over(data: Buffer) -> Nodes:
    """Return a reader of stored hashes that are in memory, or mapped.

    It raises ``LookupError`` for what is not there.
    """

    def read(level: int, n: int) -> bytes:
        at = stored_hash_index(level, n) * HASH_SIZE
        node = data[at : at + HASH_SIZE]
        if len(node) != HASH_SIZE:
            raise LookupError("this hash is not stored")
        return node

    return read


def frontier_at(size: int, nodes: Nodes) -> list[bytes]:
    """Return the frontier of the tree of ``size`` leaves, largest subtree first."""
    return _complete(0, size, nodes)


def tree_root(size: int, nodes: Nodes) -> bytes:
    """Return the root of the tree of ``size`` leaves."""
    return subtree_root(0, size, nodes) if size else EMPTY_ROOT


def subtree_root(start: int, end: int, nodes: Nodes) -> bytes:
    """Return the root over leaves ``start`` to ``end - 1``, as RFC 6962 splits them.

    ``start`` is a multiple of the largest power of two that is not above ``end - start``.
    """
    return fold(_complete(start, end, nodes))


def _complete(start: int, end: int, nodes: Nodes) -> list[bytes]:
    """Return the roots of the complete subtrees of a range, largest first."""
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append(nodes(level, start >> level))
        start += 1 << level
    return found
