"""The growing tree against the definition of RFC 6962."""

from __future__ import annotations

import hashlib

import pytest
from signward.audit.merkle import EMPTY_ROOT, CompactRange, fold, leaf_hash, node_hash
from signward.audit.stored import (
    frontier_at,
    nodes_over,
    stored_hash_count,
    stored_hash_index,
    tree_root,
)

from tests.unit.client.audit.plain_tree import plain_root

_LEAVES = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43",
           b"\x50\x51\x52\x53\x54\x55\x56\x57",
           b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"]  # fmt: skip
# The test vectors of google/certificate-transparency (merkle_tree_test.cc).
_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def _grown(size: int) -> tuple[CompactRange, bytes, list[bytes]]:
    bodies = [b"record %d" % number for number in range(size)]
    tree = CompactRange()
    return tree, b"".join(tree.extend(map(leaf_hash, bodies))), bodies


def test_roots_are_those_of_certificate_transparency():
    tree = CompactRange()
    assert tree.root() == EMPTY_ROOT == hashlib.sha256(b"").digest()
    for leaf, root in zip(_LEAVES, _ROOTS, strict=True):
        tree.append(leaf_hash(leaf))
        assert tree.root().hex() == root


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 100])
def test_root_is_that_of_the_definition(size):
    tree, _, bodies = _grown(size)
    assert tree.root() == plain_root(bodies)
    assert tree.size == size
    assert len(tree.nodes) == size.bit_count()


def test_a_tree_grows_on_from_its_frontier():
    whole, stored, bodies = _grown(77)
    for size in range(78):
        head = CompactRange(size, frontier_at(size, nodes_over(stored)))
        before = head.copy()
        tail = head.extend(map(leaf_hash, bodies[size:]))
        assert (head.root(), head.nodes) == (whole.root(), whole.nodes)
        assert b"".join(tail) == stored[stored_hash_count(size) * 32 :]
        assert before.size == size
        assert before.root() == plain_root(bodies[:size])


def test_stored_hashes_are_where_they_are_said_to_be():
    _, stored, bodies = _grown(70)
    nodes = nodes_over(stored)
    assert len(stored) == 32 * stored_hash_count(70)
    seen = set()
    for level in range(7):
        for n in range(70 >> level):
            assert nodes(level, n) == plain_root(bodies[n << level : (n + 1) << level])
            seen.add(stored_hash_index(level, n))
    assert seen == set(range(stored_hash_count(70)))
    for size in range(1, 71):
        assert tree_root(size, nodes) == plain_root(bodies[:size])
    with pytest.raises(LookupError):
        nodes(0, 70)


# tlog_test.go of golang.org/x/mod begins like this: level, n of each stored hash.
@pytest.mark.parametrize(
    ("index", "level", "n"),
    [(0, 0, 0), (1, 0, 1), (2, 1, 0), (3, 0, 2), (4, 0, 3), (5, 1, 1), (6, 2, 0), (7, 0, 4)],
)
def test_order_is_that_of_tlog(index, level, n):
    assert stored_hash_index(level, n) == index


def test_a_frontier_of_another_size_is_refused():
    node = bytes(32)
    for size, nodes in ((1, ()), (0, (node,)), (3, (node,)), (-1, ()), (1, (node[1:],))):
        with pytest.raises(ValueError, match="node"):
            CompactRange(size, nodes)


def test_nodes_and_leaves_cannot_be_taken_for_each_other():
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) != leaf_hash(left + right)
    assert fold([left]) == left
    assert fold([left, right]) == node_hash(left, right) != node_hash(right, left)
