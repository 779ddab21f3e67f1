"""The exchange's rule of nonces, as its documentation has it: the judge of ours."""

from __future__ import annotations

import heapq
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["NonceRule"]

_KEPT = 100
_DAY_MS = 24 * 3600 * 1000


def _now() -> int:
    return int(time.time() * 1000)


@dataclass(slots=True)
class _Signer:
    kept: list[int] = field(default_factory=list)  # a heap of the highest
    seen: set[int] = field(default_factory=set)


class NonceRule:
    """Takes orders in the order in which they arrive.

    For each signer the 100 highest nonces are kept. A new one must be above the lowest of them,
    must not be used, and must lie in (T - 2 days, T + 1 day).

    Args:
        now: T, in milliseconds.

    Attributes:
        taken: How many orders were taken.
        faults: What was wrong with the others, and of those that were taken with ones that
            were seen at any time before.
        crowded: The most nonces of the same signer that were above one when it came.
    """

    def __init__(self, now: Callable[[], int] = _now) -> None:
        self._now = now
        self._signers: defaultdict[bytes, _Signer] = defaultdict(_Signer)
        self.taken = 0
        self.faults: Counter[str] = Counter()
        self.crowded = 0

    def seen(self, signer: bytes) -> set[int]:
        """Return all nonces of a signer, those of refused orders too."""
        return self._signers[signer].seen

    def judge(self, signer: bytes, nonce: int) -> bool:
        """Take an order, or refuse it; return whether it was taken."""
        known, now = self._signers[signer], self._now()
        if nonce in known.seen:
            self.faults["twice"] += 1
            return False
        known.seen.add(nonce)
        if not now - 2 * _DAY_MS < nonce < now + _DAY_MS:
            self.faults["outside of the window"] += 1
            return False
        above = sum(each > nonce for each in known.kept)
        self.crowded = max(self.crowded, above)
        if len(known.kept) == _KEPT and above == _KEPT:
            self.faults["below the 100 highest"] += 1
            return False
        heapq.heappush(known.kept, nonce)
        if len(known.kept) > _KEPT:
            heapq.heappop(known.kept)
        self.taken += 1
        return True
