"""Metrics for Prometheus: numbers by kind, and never the name of a key or a caller (S39)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric, generate_latest

from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports import Event, Level

__all__ = ["Metrics"]

_MOST_DETAILS = 128  # values of one label
_OTHER = "other"
_is_detail = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}").fullmatch

# What each event is, and the label of its detail.
_EVENTS: Final[Mapping[Event, tuple[str, str]]] = {
    Event.AUTHENTICATION_FAILED: ("Callers that could not show who they are.", "reason"),
    Event.POLICY_DENIED: ("Requests that no policy allows.", "action"),
    Event.POLICY_ERROR: ("Requests denied because a policy could not be evaluated.", "action"),
    Event.RATE_LIMITED: ("Calls and items refused by a rate limit.", "method_class"),
    Event.LIMIT_STORAGE_FAILED: ("Failed attempts to reach the storage of rate limits.", ""),
    Event.RELOADED: ("Parts read again and put into force.", "part"),
    Event.RELOAD_REFUSED: ("Parts read again and refused, so that the old ones stay.", "part"),
}
_LEVELS: Final[Mapping[Level, str]] = {
    Level.LIMIT_STORAGE_UP: "Whether the storage of rate limits works, 1 or 0.",
    Level.POLICIES: "Policies in force.",
}


class Metrics:
    """Implements ``ports.Meter``; shows what it counted in Prometheus' text format, 0.0.4."""

    def __init__(self) -> None:
        own = CollectorRegistry(auto_describe=True)
        self._counters = {
            event: _Counted(event, *_EVENTS.get(event, (event.value, "")), own) for event in Event
        }
        self._gauges = {
            level: Gauge(f"signward_{level.value}", _LEVELS.get(level, level.value), registry=own)
            for level in Level
        }
        self._shown = _Shown(own)

    def count(self, event: Event, detail: str = "") -> None:
        """Count one occurrence."""
        self._counters[event].add(detail)

    def level(self, level: Level, value: float) -> None:
        """Say how something is now."""
        self._gauges[level].set(value)

    def observe(self, method: str, status: str, seconds: float) -> None:
        """Count a finished call."""

    def signed(self, purpose: Purpose, custody: CustodyKind) -> None:
        """Count a signature."""

    def render(self) -> bytes:
        """Return everything as text."""
        return generate_latest(self._shown)


class _Counted:
    """A counter, by detail if it has one. What is no plain word, or one too many, is `other`."""

    def __init__(self, event: Event, text: str, label: str, registry: CollectorRegistry) -> None:
        names = [label] if label else []
        self._counter = Counter(f"signward_{event.value}", text, names, registry=registry)
        self._labelled = bool(label)
        self._by_detail: dict[str, Counter] = {}

    def add(self, detail: str) -> None:
        """Count one."""
        (self._by_detail.get(detail) or self._found(detail)).inc()

    def _found(self, detail: str) -> Counter:
        if not self._labelled:
            return self._counter
        known = self._by_detail
        name = detail if len(known) < _MOST_DETAILS and _is_detail(detail) else _OTHER
        found = known[name] = self._counter.labels(name)
        return found


class _Shown:
    """A registry without the times at which its counters began."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """Yield what is shown."""
        for metric in self._registry.collect():
            metric.samples = [s for s in metric.samples if not s.name.endswith("_created")]
            yield metric
