"""When a call is made again, and how long to wait before it.

Only a call that the daemon recognises is repeated: UNAVAILABLE, with a ``request_id`` in the
request. The back-off is exponential with full jitter (AWS, "Exponential Backoff And Jitter"),
never shorter than the daemon's RetryInfo and never longer than the deadline.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from signward.errors import SignwardError, Unavailable

__all__ = ["RetryPolicy"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently.

    Attributes:
        attempts: Calls made in all, the first included; 1 turns retries off.
        base: Upper bound of the first wait in seconds; it doubles with each.
        cap: Upper bound of every wait in seconds.
        clock: Monotonic time in seconds.
        sleep: Waits for so many seconds; ``signward.aio`` waits in its own way.
        jitter: A number in [0, 1), fresh for each wait.
    """

    attempts: int = 4
    base: float = 0.1
    cap: float = 2.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def delay(self, attempt: int, retry_after: float | None) -> float:
        """Return the seconds to wait after so many failed attempts (1 or more)."""
        backoff = min(self.cap, self.base * 2.0 ** (attempt - 1)) * self.jitter()
        return max(backoff, retry_after or 0.0)

    def pause(self, attempt: int, failure: SignwardError, deadline: float) -> float | None:
        """Return the seconds to wait before a call is made again; ``None``: it is not.

        Args:
            attempt: How often it was made, 1 or more.
            failure: How it ended.
            deadline: When its time is over, by ``clock``.
        """
        if not isinstance(failure, Unavailable) or attempt >= self.attempts:
            return None
        delay = self.delay(attempt, failure.retry_after)
        return delay if self.clock() + delay < deadline else None
