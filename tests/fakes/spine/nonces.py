"""Nonces that count up from the clock's millisecond."""

from __future__ import annotations

import threading

from signward_server.core.errors import NonceOutOfWindow, SignwardError
from signward_server.core.ports import Clock

__all__ = ["FakeNonces"]


class FakeNonces:
    """Implements ``core.ports.Nonces``.

    Attributes:
        taken: Signer and nonce of each that was taken, in order.
        failure: What ``take`` raises.
        slow: Whether taking one may wait.
    """

    def __init__(self, clock: Clock) -> None:
        self.taken: list[tuple[bytes, int]] = []
        self.failure: SignwardError | None = None
        self.slow = False
        self._clock = clock
        self._last: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def is_quick(self, signer: bytes) -> bool:
        return not self.slow

    def take(self, signer: bytes, wanted: int = 0) -> int:
        if self.failure is not None:
            raise self.failure
        with self._lock:
            now, last = int(self._clock.time() * 1000), self._last.get(signer, 0)
            if wanted and not last < wanted <= now + 5000:
                raise NonceOutOfWindow(metadata={"last": str(last), "latest": str(now + 5000)})
            nonce = wanted or max(now, last + 1)
            self._last[signer] = nonce
            self.taken.append((signer, nonce))
            return nonce
