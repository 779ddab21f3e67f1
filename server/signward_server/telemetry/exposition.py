"""Families of metrics in Prometheus' text format, 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import cast

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from signward_server.telemetry.families import Distribution, Family

__all__ = ["exposed"]

_PREFIX = "signward_"
_INFINITE = "+Inf"


def exposed(families: Iterable[Family]) -> bytes:
    """Return families as text."""
    shown = CollectorRegistry()
    shown.register(_Shown([_metric(family) for family in families]))
    return generate_latest(shown)


class _Shown:
    """Implements prometheus-client's ``Collector`` for what has been collected already."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Yield what is shown."""
        yield from self._metrics

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: there are no names to guard against twice."""
        yield from ()


def _metric(family: Family) -> Metric:
    name = _PREFIX + family.name
    if family.kind == "histogram":
        return _histogram(name, family)
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = kind(name, family.text, labels=family.labels)
    for labels, number in family.samples:
        metric.add_metric(labels, cast("float", number))
    return metric


def _histogram(name: str, family: Family) -> Metric:
    metric = HistogramMetricFamily(name, family.text, labels=family.labels)
    for labels, found in family.samples:
        bounds, counts, total = cast("Distribution", found)
        ends = [*map(str, bounds), _INFINITE]
        metric.add_metric(labels, list(zip(ends, accumulate(counts), strict=True)), total)
    return metric
