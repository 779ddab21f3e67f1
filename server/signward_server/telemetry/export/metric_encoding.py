"""Metrics as OTLP has them (opentelemetry/proto/metrics/v1/metrics.proto), all cumulative.

`signward_open_streams` is `signward.open_streams` here, without `_total`, `_seconds` and
`_bytes`, which are the units `s` and `By`; labels are attributes of their names. Calls follow
the semantic conventions: `rpc.server.call.duration`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, cast

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
)

from signward_server.telemetry.export.backlog import Snapshot
from signward_server.telemetry.export.conventions import FAULTS, GRPC
from signward_server.telemetry.families import CALLS, ITEMS, Distribution, Family

__all__ = ["encoded_metrics", "pairs"]

_CUMULATIVE: Final = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
_UNITS: Final = {"_seconds": "s", "_bytes": "By"}


def encoded_metrics(snapshot: Snapshot) -> list[Metric]:
    """Return what was so at a time."""
    began, now, families = snapshot
    return [_metric(family, began, now) for family in families]


def pairs(attributes: Mapping[str, str]) -> list[KeyValue]:
    """Return attributes in OTLP's form; empty ones are left out."""
    return [
        KeyValue(key=name, value=AnyValue(string_value=text))
        for name, text in attributes.items()
        if text
    ]


def _metric(family: Family, began: int, now: int) -> Metric:
    name, unit = _named(family)
    metric = Metric(name=name, unit=unit, description=family.text)
    if family.kind == "histogram":
        metric.histogram.aggregation_temporality = _CUMULATIVE
        metric.histogram.data_points.extend(_distributions(family, began, now))
    elif family.kind == "counter":
        metric.sum.aggregation_temporality = _CUMULATIVE
        metric.sum.is_monotonic = True
        metric.sum.data_points.extend(_numbers(family, began, now))
    else:
        metric.gauge.data_points.extend(_numbers(family, 0, now))  # it has no beginning
    return metric


def _named(family: Family) -> tuple[str, str]:
    if family.name == CALLS.name:
        return "rpc.server.call.duration", "s"
    if family.name == ITEMS.name:
        return "signward.item.duration", "s"
    for end, unit in _UNITS.items():
        if family.name.endswith(end):
            return f"signward.{family.name.removesuffix(end)}", unit
    return f"signward.{family.name}", "1"


def _numbers(family: Family, began: int, now: int) -> Iterator[NumberDataPoint]:
    for labels, number in family.samples:
        yield NumberDataPoint(
            attributes=pairs(_attributes(family, labels)),
            start_time_unix_nano=began,
            time_unix_nano=now,
            as_double=cast("float", number),
        )


def _distributions(family: Family, began: int, now: int) -> Iterator[HistogramDataPoint]:
    for labels, found in family.samples:
        bounds, counts, total = cast("Distribution", found)
        yield HistogramDataPoint(
            attributes=pairs(_rpc_attributes(labels)),
            start_time_unix_nano=began,
            time_unix_nano=now,
            count=sum(counts),
            sum=total,
            bucket_counts=counts,
            explicit_bounds=bounds,
        )


def _attributes(family: Family, labels: tuple[str, ...]) -> Mapping[str, str]:
    return {f"signward.{name}": text for name, text in zip(family.labels, labels, strict=True)}


def _rpc_attributes(labels: tuple[str, ...]) -> Mapping[str, str]:
    method, status = labels
    return {
        "rpc.system.name": GRPC,
        "rpc.method": method,
        "rpc.response.status_code": status,
        "error.type": status if status in FAULTS else "",
    }
