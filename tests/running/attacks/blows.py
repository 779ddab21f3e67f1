"""What attacks share: a place to count what they meet, and a pace."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Field"]


@dataclass(frozen=True, slots=True)
class Field:
    """Where an attack takes place.

    Attributes:
        stopped: Set when it shall end.
        met: What it met, and how often.
    """

    stopped: threading.Event
    met: Counter[str]

    def started(self) -> None:
        """Tell who has started us that the attack stands."""
        print(json.dumps({"started": True}), flush=True)  # noqa: T201

    def repeat(self, blow: Callable[[], str], rate: float) -> None:
        """Strike so many times a second at most, and count what each blow meets."""
        self.met[blow()] += 1
        self.started()
        begin, struck = time.monotonic(), 0
        while not self.stopped.is_set():
            self.met[blow()] += 1
            struck += 1
            self.stopped.wait(max(0.0, begin + struck / rate - time.monotonic()))

    def hold(self) -> None:
        """Say that the attack stands, and let it."""
        self.started()
        self.stopped.wait()
