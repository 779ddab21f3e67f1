"""The thread that takes spans and metrics to the process that exports them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from signward_server.core.ports import Event
from signward_server.core.unexpected import unexpected
from signward_server.telemetry.exporter import SPANS, Exporter
from signward_server.telemetry.metrics import Metrics
from signward_server.telemetry.tracing import FinishedSpan, Tracing

__all__ = ["Pump"]

_EVERY = 0.1  # seconds
_AT_ONCE = 128  # spans: they are packed with the interpreter held, for about 0.1 ms
_FULL = 0.01  # seconds to wait for room
_AFTER_ERROR = 1.0  # seconds; what fails always must not fill the log
_LAST = 1.0  # seconds that an end takes at most


class Pump:
    """Moves what waits, ten times a second, and sees that there is a process to take it.

    Args:
        tracing: Where spans wait.
        metrics: What is counted; shows what becomes of the spans as well.
        exporter: The process, not yet started.
        interval: Seconds between two times that the metrics are sent.
    """

    def __init__(
        self, tracing: Tracing, metrics: Metrics, exporter: Exporter, interval: float
    ) -> None:
        self._tracing = tracing
        self._metrics = metrics
        self._exporter = exporter
        self._interval = interval
        self._began = time.time_ns()
        self._held: list[FinishedSpan] = []  # found no room yet
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the process at once, and then the thread."""
        self._exporter.start()
        self._metrics.watch(Event.SPAN_EXPORTED, lambda: self._exporter.report[0])
        self._metrics.watch(Event.SPAN_DROPPED, self._dropped)
        self._metrics.watch(Event.EXPORTER_STARTED, lambda: self._exporter.starts)
        self._thread.start()

    def close(self) -> None:
        """Send what waits, as far as that takes no more than a second, and end."""
        self._ended.set()
        self._thread.join(2 * _LAST)

    def _run(self) -> None:
        due = time.monotonic() + self._interval
        while not self._ended.wait(_EVERY):
            self._outlived(self._exporter.tend)
            self._outlived(self._move)
            if (now := time.monotonic()) >= due:
                due = now + self._interval
                self._outlived(self._tell)
        end = time.monotonic() + _LAST
        self._outlived(self._move)
        self._outlived(self._tell)
        self._exporter.close(max(0.0, end - time.monotonic()))

    def _outlived(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  # the thread must outlive a bad round
            unexpected(error)
            self._ended.wait(_AFTER_ERROR)

    def _move(self) -> None:
        """Hand over what waits, but not what comes meanwhile for ever."""
        until = time.monotonic() + _EVERY
        while time.monotonic() < until:
            spans = self._held or self._tracing.take(_AT_ONCE)
            self._held = spans[self._exporter.send(SPANS, spans) :]
            if not spans or not self._exporter.is_up:
                return
            if self._held:
                time.sleep(_FULL)

    def _tell(self) -> None:
        stamped = (self._began, time.time_ns())
        families = [(*stamped, *family.packed()) for family in self._metrics.snapshot()]
        self._exporter.send("metrics", families)

    def _dropped(self) -> Mapping[str, float]:
        _, crowded, refused = self._exporter.report
        return {
            "queue": self._tracing.dropped,
            "process": self._exporter.lost,
            "exporter": crowded,
            "collector": refused,
        }
