"""Proofs against the definition, and against whoever would forge one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signward.audit.errors import ProofError
from signward.audit.merkle import EMPTY_ROOT, CompactRange, leaf_hash
from signward.audit.proofs import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
)
from signward.audit.stored import nodes_over

from tests.unit.client.audit.plain_tree import plain_consistency, plain_inclusion, plain_root

_SIZE = 40
_BODIES = [b"%d" % number for number in range(_SIZE)]
_LEAVES = [leaf_hash(body) for body in _BODIES]
_NODES = nodes_over(b"".join(CompactRange().extend(_LEAVES)))
_ROOTS = [plain_root(_BODIES[:size]) for size in range(_SIZE + 1)]


def _holds(check, *arguments) -> bool:
    try:
        check(*arguments)
    except ProofError:
        return False
    return True


def test_inclusion_of_every_leaf_in_every_tree():
    for size in range(1, _SIZE + 1):
        for index in range(size):
            proof = inclusion_proof(index, size, _NODES)
            assert proof == plain_inclusion(index, _BODIES[:size])
            check_inclusion(index, size, _LEAVES[index], _ROOTS[size], proof)


def test_consistency_of_every_pair_of_trees():
    for second in range(_SIZE + 1):
        for first in range(second + 1):
            proof = consistency_proof(first, second, _NODES)
            if first > 0:
                assert proof == plain_consistency(first, _BODIES[:second])
            check_consistency(first, second, _ROOTS[first], _ROOTS[second], proof)


def test_what_is_not_there_has_no_proof():
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ProofError, match="there is no record"):
            inclusion_proof(index, size, _NODES)
    for first, second in ((3, 2), (-1, 2)):
        with pytest.raises(ProofError, match="cannot begin with"):
            consistency_proof(first, second, _NODES)


@settings(max_examples=400)
@given(st.data())
def test_no_other_statement_has_an_inclusion_proof(data):
    size = data.draw(st.integers(1, _SIZE))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, _NODES)
    other = data.draw(st.integers(0, size + 1))
    if other != index:
        assert not _holds(check_inclusion, other, size, _LEAVES[index], _ROOTS[size], proof)
    root = data.draw(st.integers(0, _SIZE))
    if root != size:
        assert not _holds(check_inclusion, index, size, _LEAVES[index], _ROOTS[root], proof)
    leaf = data.draw(st.integers(0, _SIZE - 1))
    if leaf != index:
        assert not _holds(check_inclusion, index, size, _LEAVES[leaf], _ROOTS[size], proof)
    changed = _changed(data, proof)
    if changed != proof:
        assert not _holds(check_inclusion, index, size, _LEAVES[index], _ROOTS[size], changed)


@settings(max_examples=400)
@given(st.data())
def test_no_other_statement_has_a_consistency_proof(data):
    second = data.draw(st.integers(1, _SIZE))
    first = data.draw(st.integers(1, second))
    proof = consistency_proof(first, second, _NODES)
    for roots in ((first - 1, second), (first, second - 1), (0, second), (first, 0)):
        if roots != (first, second):
            old, new = (_ROOTS[size] for size in roots)
            assert not _holds(check_consistency, first, second, old, new, proof)
    changed = _changed(data, proof)
    if changed != proof:
        assert not _holds(check_consistency, first, second, _ROOTS[first], _ROOTS[second], changed)


def _changed(data, proof: list[bytes]) -> list[bytes]:
    changed = list(proof)
    at = data.draw(st.integers(0, len(changed)))
    if data.draw(st.booleans()) and at < len(changed):
        del changed[at]
    else:
        changed.insert(at, data.draw(st.sampled_from(_LEAVES)))
    return changed


def test_malformed_proofs_do_not_hold():
    proof = inclusion_proof(3, 10, _NODES)
    for index, size in ((-1, 10), (10, 10), (3, 0)):
        assert not _holds(check_inclusion, index, size, _LEAVES[3], _ROOTS[10], proof)
    short = [proof[0][:31], *proof[1:]]
    assert not _holds(check_inclusion, 3, 10, _LEAVES[3], _ROOTS[10], short)
    assert not _holds(check_consistency, 5, 4, _ROOTS[5], _ROOTS[4], [])
    assert not _holds(check_consistency, 3, 10, _ROOTS[3], _ROOTS[10], [])
    assert not _holds(check_consistency, 3, 10, _ROOTS[3], _ROOTS[10], short)


def test_every_log_begins_with_the_empty_one():
    check_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    check_consistency(0, 9, EMPTY_ROOT, _ROOTS[9], [])
    assert not _holds(check_consistency, 0, 9, _ROOTS[1], _ROOTS[9], [])
    assert not _holds(check_consistency, 0, 0, EMPTY_ROOT, _ROOTS[1], [])
    assert not _holds(check_consistency, 0, 9, EMPTY_ROOT, _ROOTS[9], [_ROOTS[1]])
