"""The Merkle tree of RFC 6962, section 2.1: hashes of records and nodes, and a tree that grows.

A tree of any size is kept as its *frontier*: the roots of the complete subtrees that it consists
of, largest (and leftmost) first, one for each bit that is set in the size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

__all__ = ["EMPTY_ROOT", "HASH_SIZE", "CompactRange", "fold", "leaf_hash", "node_hash"]

HASH_SIZE = 32  # bytes of SHA-256
EMPTY_ROOT = sha256(b"").digest()  # root of the tree without leaves


def leaf_hash(body: bytes) -> bytes:
    """Return the hash of a record: ``SHA-256(0x00 || body)``."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: ``SHA-256(0x01 || left || right)``."""
    return sha256(b"\x01" + left + right).digest()


def fold(nodes: Sequence[bytes]) -> bytes:
    """Return the root above complete subtrees, largest first; at least one."""
    root = nodes[-1]
    for node in reversed(nodes[:-1]):
        root = node_hash(node, root)
    return root


class CompactRange:
    """A tree of which only the frontier is kept: 32 bytes for each bit set in its size.

    Args:
        size: Number of leaves.
        nodes: Its frontier, largest subtree first, 32 bytes each.

    Raises:
        ValueError: The frontier is not that of a tree of this size.
    """

    __slots__ = ("_nodes", "_size")

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(nodes) != size.bit_count():
            raise ValueError("a frontier has one node for each bit set in the size")
        if any(len(node) != HASH_SIZE for node in nodes):
            raise ValueError("a node has 32 bytes")
        self._size = size
        self._nodes = list(nodes)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    @property
    def nodes(self) -> tuple[bytes, ...]:
        """The frontier, largest subtree first."""
        return tuple(self._nodes)

    def root(self) -> bytes:
        """Return the tree's root, 32 bytes; each call hashes once for each bit but one."""
        return fold(self._nodes) if self._nodes else EMPTY_ROOT

    def append(self, leaf: bytes) -> list[bytes]:
        """Add one leaf hash; return what ``extend`` returns."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> list[bytes]:
        """Add leaf hashes.

        Returns:
            What has to be stored for them, in the order of golang.org/x/mod/sumdb/tlog: each leaf
            hash, and after it those of the subtrees that it completes, smallest first.
        """
        nodes, size, stored = self._nodes, self._size, []
        digest = sha256
        for node in leaves:
            stored.append(node)
            carry = size
            while carry & 1:
                node = digest(b"\x01" + nodes.pop() + node).digest()  # noqa: PLW2901 -- climbs
                stored.append(node)
                carry >>= 1
            nodes.append(node)
            size += 1
        self._size = size
        return stored

    def copy(self) -> CompactRange:
        """Return a tree that grows on its own."""
        return CompactRange(self._size, self._nodes)
