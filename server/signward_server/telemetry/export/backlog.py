"""What waits to be sent to the collector: bounded, since a collector may never take it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

from signward_server.telemetry.families import Family
from signward_server.telemetry.tracing import FinishedSpan

__all__ = ["Backlog", "Snapshot"]

Snapshot = tuple[int, int, list[Family]]
"""When counting began and when this was so, ns since the epoch; and what."""

_MOST = 8192  # spans, some MiB
_DUE = 512  # spans that are sent at once; fewer wait for a second
_LARGEST = 2048  # spans in one message, about 1 MiB, when many wait
_PATIENCE = 1.0


class Backlog:
    """Spans and the newest metrics, between the thread that receives and the one that sends.

    Attributes:
        dropped: Spans for which there was no room.
        ended: Whether nothing will come any more.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._spans: deque[FinishedSpan] = deque()
        self._snapshot: Snapshot | None = None
        self._changed = threading.Condition()
        self.dropped = 0
        self.ended = threading.Event()

    def add_spans(self, spans: Sequence[FinishedSpan]) -> None:
        """Keep spans, as far as there is room."""
        with self._changed:
            room = max(0, self._most - len(self._spans))
            self._spans.extend(spans[:room])
            self.dropped += max(0, len(spans) - room)
            if len(self._spans) >= _DUE:
                self._changed.notify()

    def put_metrics(self, snapshot: Snapshot) -> None:
        """Keep what is so now, in place of what was so before."""
        with self._changed:
            self._snapshot = snapshot
            self._changed.notify()

    def end(self) -> None:
        """Say that nothing will come any more."""
        with self._changed:
            self.ended.set()
            self._changed.notify()

    def take(self) -> tuple[list[FinishedSpan], Snapshot | None]:
        """Wait, for a second at most, until there is something worth sending, and return it."""
        until = time.monotonic() + _PATIENCE
        with self._changed:
            while not self._is_due() and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            count = min(len(self._spans), _LARGEST)
            spans = [self._spans.popleft() for _ in range(count)]
            snapshot, self._snapshot = self._snapshot, None
            return spans, snapshot

    def _is_due(self) -> bool:
        return bool(len(self._spans) >= _DUE or self._snapshot or self.ended.is_set())
