"""Metrics as OpenTelemetry's SDK has them, and by its encoder as OTLP has them; all cumulative.

`signward_open_streams` is `signward.open_streams` here, without `_total`, `_seconds` and
`_bytes`, which are the units `s` and `By`; labels are attributes of their names. Calls follow
the semantic conventions: `rpc.server.call.duration`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, cast

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.semconv._incubating.metrics import rpc_metrics

from signward_server.telemetry.export.backlog import Snapshot
from signward_server.telemetry.export.conventions import SCHEMA, Origin, known, rpc_outcome
from signward_server.telemetry.families import CALLS, ITEMS, Distribution, Family

__all__ = ["metrics_message"]

_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE
_UNITS: Final = {"_seconds": "s", "_bytes": "By"}
_UNKNOWN: Final = cast("float", None)  # a field left out, though the SDK's types say a number


def metrics_message(snapshot: Snapshot, origin: Origin) -> bytes:
    """Return an ``ExportMetricsServiceRequest`` of what was so at a time."""
    began, now, families = snapshot
    metrics = [_metric(family, began, now) for family in families]
    scope = ScopeMetrics(origin.scope, metrics, SCHEMA)
    whole = ResourceMetrics(origin.resource, [scope], SCHEMA)
    return encode_metrics(MetricsData([whole])).SerializeToString()


def _metric(family: Family, began: int, now: int) -> Metric:
    data: Gauge | Histogram | Sum
    if family.kind == "histogram":
        data = Histogram(list(_distributions(family, began, now)), _CUMULATIVE)
    elif family.kind == "counter":
        data = Sum(list(_numbers(family, began, now)), _CUMULATIVE, is_monotonic=True)
    else:
        data = Gauge(list(_numbers(family, began, now)))
    name, unit = _named(family)
    return Metric(name, family.text, unit, data)


def _named(family: Family) -> tuple[str, str]:
    if family.name == CALLS.name:
        return rpc_metrics.RPC_SERVER_CALL_DURATION, "s"
    if family.name == ITEMS.name:
        return "signward.item.duration", "s"
    for end, unit in _UNITS.items():
        if family.name.endswith(end):
            return f"signward.{family.name.removesuffix(end)}", unit
    return f"signward.{family.name}", "1"


def _numbers(family: Family, began: int, now: int) -> Iterator[NumberDataPoint]:
    for labels, number in family.samples:
        value = float(cast("float", number))  # an `int` would be another type on the wire
        yield NumberDataPoint(known(_attributes(family, labels)), began, now, value)


def _distributions(family: Family, began: int, now: int) -> Iterator[HistogramDataPoint]:
    for (method, status), found in family.samples:
        bounds, counts, total = cast("Distribution", found)
        yield HistogramDataPoint(
            known(rpc_outcome(method, status)),
            began,
            now,
            count=sum(counts),
            sum=total,
            bucket_counts=counts,
            explicit_bounds=bounds,
            min=_UNKNOWN,
            max=_UNKNOWN,
        )


def _attributes(family: Family, labels: tuple[str, ...]) -> Mapping[str, str]:
    return {f"signward.{name}": text for name, text in zip(family.labels, labels, strict=True)}
