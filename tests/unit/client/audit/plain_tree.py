"""The tree as RFC 6962 defines it, by recursion over all leaves: slow, and plainly right."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

__all__ = ["plain_consistency", "plain_inclusion", "plain_root"]


def _split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def plain_root(leaves: Sequence[bytes]) -> bytes:
    """MTH(D[n]) of section 2.1."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = _split(len(leaves))
    return hashlib.sha256(b"\x01" + plain_root(leaves[:k]) + plain_root(leaves[k:])).digest()


def plain_inclusion(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if m < k:
        return [*plain_inclusion(m, leaves[:k]), plain_root(leaves[k:])]
    return [*plain_inclusion(m - k, leaves[k:]), plain_root(leaves[:k])]


def plain_consistency(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n]) of section 2.1.2."""
    return _subproof(m, leaves, complete=True)


def _subproof(m: int, leaves: Sequence[bytes], *, complete: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if complete else [plain_root(leaves)]
    k = _split(len(leaves))
    if m <= k:
        return [*_subproof(m, leaves[:k], complete=complete), plain_root(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], complete=False), plain_root(leaves[:k])]
