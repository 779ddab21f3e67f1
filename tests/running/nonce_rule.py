"""The judge of nonces that were given: the exchange's rule, and that none ever comes twice."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable

from paper_exchange.nonces import Nonces

__all__ = ["NonceRule"]


def _now() -> int:
    return int(time.time() * 1000)


class NonceRule:
    """Takes orders in the order in which they arrive, as the stand-in for the exchange does.

    The exchange forgets what is below the 100 highest nonces of a signer; here none may come a
    second time at all.

    Args:
        now: The exchange's time, in milliseconds.

    Attributes:
        taken: How many orders were taken.
        faults: What was wrong with the others.
    """

    def __init__(self, now: Callable[[], int] = _now) -> None:
        self._now = now
        self._nonces = Nonces()
        self._seen: defaultdict[bytes, set[int]] = defaultdict(set)
        self.taken = 0
        self.faults: Counter[str] = Counter()

    def seen(self, signer: bytes) -> set[int]:
        """Return all nonces of a signer, those of refused orders too."""
        return self._seen[signer]

    def judge(self, signer: bytes, nonce: int) -> bool:
        """Take an order, or refuse it; return whether it was taken."""
        seen = self._seen[signer]
        if nonce in seen:
            self.faults["twice"] += 1
            return False
        seen.add(nonce)
        who = signer.hex()
        if problem := self._nonces.problem(who, nonce, self._now()):
            self.faults[problem] += 1
            return False
        self._nonces.use(who, nonce)
        self.taken += 1
        return True
