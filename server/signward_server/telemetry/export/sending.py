"""Sends what waits to the collector, and what it refuses for a while once more."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence

from signward_server.telemetry.export.backlog import Backlog
from signward_server.telemetry.export.collector import Collector, Outcome
from signward_server.telemetry.export.conventions import Origin
from signward_server.telemetry.export.metrics import metrics_message
from signward_server.telemetry.export.spans import spans_message
from signward_server.telemetry.exporter import Report
from signward_server.telemetry.tracing import FinishedSpan

__all__ = ["Sender"]

_ATTEMPTS = 5
_LONGEST_PAUSE = 30.0
_LAST = 0.7  # seconds that are left for what waits when nothing comes any more
_log = logging.getLogger(__name__)


class Sender:
    """Sends spans and metrics until nothing comes any more.

    Args:
        backlog: What waits.
        collector: Where to.
        resource: What is said of the daemon, by name.
        timeout: Seconds for each message.
        say: Is told what has become of the spans so far, whenever that changes.
    """

    def __init__(
        self,
        backlog: Backlog,
        collector: Collector,
        resource: Mapping[str, str],
        timeout: float,
        say: Callable[[Report], object],
    ) -> None:
        self._backlog = backlog
        self._collector = collector
        self._timeout = timeout
        self._say = say
        self._origin = Origin.of(resource)
        self._end = 0.0  # monotonic seconds at which everything ends; 0 for not yet
        self._taken = self._refused = 0
        self._problem = ""

    def run(self) -> None:
        """Send until nothing comes any more and nothing waits, or time is up."""
        while True:
            spans, snapshot = self._backlog.take()
            if spans:
                self._send_spans(spans)
            if snapshot is not None:
                message = metrics_message(snapshot, self._origin)
                self._note(self._collector.send_metrics(message, self._left()))
            self._say((self._taken, self._backlog.dropped, self._refused))
            if self._backlog.ended.is_set() and (not spans or self._is_over()):
                return

    def _send_spans(self, spans: Sequence[FinishedSpan]) -> None:
        message = spans_message(spans, self._origin)
        for attempt in range(_ATTEMPTS):
            outcome = self._collector.send_spans(message, self._left())
            self._note(outcome)
            if outcome.taken:
                refused = min(outcome.refused, len(spans))
                self._taken += len(spans) - refused
                self._refused += refused
                return
            if not outcome.again or self._is_over():
                break
            pause = outcome.wait or 2**attempt * random.uniform(0.5, 1.0)  # noqa: S311  # a pause, no secret
            self._backlog.ended.wait(min(pause, _LONGEST_PAUSE))
        self._refused += len(spans)

    def _left(self) -> float:
        """Return the seconds that a message may take."""
        if not self._backlog.ended.is_set():
            return self._timeout
        self._end = self._end or time.monotonic() + _LAST
        return min(self._timeout, max(0.05, self._end - time.monotonic()))

    def _is_over(self) -> bool:
        return bool(self._end) and time.monotonic() >= self._end

    def _note(self, outcome: Outcome) -> None:
        """Log when the collector begins to fail, and when it works again."""
        problem = "" if outcome.taken else outcome.status
        if problem and problem != self._problem:
            _log.warning("the collector takes nothing", extra={"status": problem})
        elif self._problem and not problem:
            _log.info("the collector works again")
        self._problem = problem
