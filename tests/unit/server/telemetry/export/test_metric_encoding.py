"""Metrics on the wire, compared with what OpenTelemetry's own SDK writes."""

import pytest
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
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.semconv._incubating.metrics import rpc_metrics
from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports import Event, Level
from signward_server.telemetry.durations import BOUNDS
from signward_server.telemetry.export.metric_encoding import encoded_metrics
from signward_server.telemetry.metrics import Metrics

BEGAN, NOW = 1_700_000_000_000_000_000, 1_700_000_015_000_000_000
CUMULATIVE = AggregationTemporality.CUMULATIVE


def by_the_sdk(name: str, text: str, unit: str, data):
    scope = ScopeMetrics(InstrumentationScope("x"), [Metric(name, text, unit, data)], "")
    whole = MetricsData([ResourceMetrics(Resource({}), [scope], "")])
    return encode_metrics(whole).resource_metrics[0].scope_metrics[0].metrics[0]


def number(value: float, **attributes: str) -> NumberDataPoint:
    named = {f"signward.{name}": text for name, text in attributes.items()}
    return NumberDataPoint(named, BEGAN, NOW, value)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def sent(metrics: Metrics, name: str):
    found = {m.name: m for m in encoded_metrics((BEGAN, NOW, list(metrics.snapshot())))}
    return found[name]


def test_a_counter_is_a_growing_sum(metrics):
    metrics.count(Event.REFUSED, "POLICY_DENIED")
    metrics.count(Event.REFUSED, "POLICY_DENIED")
    points = [number(2.0, reason="POLICY_DENIED")]
    expected = by_the_sdk(
        "signward.refusals",
        "Calls and items that ended in an error.",
        "1",
        Sum(points, CUMULATIVE, is_monotonic=True),
    )
    assert sent(metrics, "signward.refusals") == expected


def test_signatures_have_two_attributes(metrics):
    metrics.signed(Purpose.ORDER, CustodyKind.ENVELOPE)
    points = [number(1.0, purpose="order", custody="envelope")]
    expected = by_the_sdk(
        "signward.signatures",
        "Signatures that were made.",
        "1",
        Sum(points, CUMULATIVE, is_monotonic=True),
    )
    assert sent(metrics, "signward.signatures") == expected


@pytest.mark.parametrize(
    ("level", "name", "unit"),
    [
        (Level.STREAMS, "signward.open_streams", "1"),
        (Level.LOCKED_MEMORY, "signward.locked_memory", "By"),
        (Level.CHECKPOINT_AGE, "signward.audit_checkpoint_age", "s"),
    ],
)
def test_a_level_is_a_gauge_with_a_unit(metrics, level, name, unit):
    metrics.level(level, 2.5)
    found = sent(metrics, name)
    assert found == by_the_sdk(name, found.description, unit, Gauge([number(2.5)]))


def test_calls_are_those_of_the_semantic_conventions(metrics):
    metrics.observe("/signward.v1.SignService/Sign", "OK", 0.0003)
    metrics.observe("/signward.v1.SignService/Sign", "INTERNAL", 20)
    name = rpc_metrics.RPC_SERVER_CALL_DURATION
    found = sent(metrics, name)

    def point(attributes: dict[str, str], place: int, total: float) -> HistogramDataPoint:
        method = {"rpc.system.name": "grpc", "rpc.method": "signward.v1.SignService/Sign"}
        counts = [int(i == place) for i in range(len(BOUNDS) + 1)]
        return HistogramDataPoint(
            method | attributes, BEGAN, NOW, 1, total, counts, BOUNDS, total, total
        )

    status, error = "rpc.response.status_code", "error.type"
    points = [
        point({status: "OK"}, BOUNDS.index(0.0005), 0.0003),
        point({status: "INTERNAL", error: "INTERNAL"}, len(BOUNDS), 20.0),
    ]
    expected = by_the_sdk(name, found.description, "s", Histogram(points, CUMULATIVE))
    for data in expected.histogram.data_points:
        data.ClearField("min")  # which ours does not keep
        data.ClearField("max")
    assert found == expected


def test_items_are_counted_apart(metrics):
    metrics.observe("/signward.v1.SignService/SignBatch", "OK", 0.1, item=True)
    assert sent(metrics, "signward.item.duration").histogram.data_points[0].count == 1


def test_everything_that_is_counted_is_sent(metrics):
    for event in Event:
        metrics.count(event, "Detail")
    for level in Level:
        metrics.level(level, 1)
    names = [m.name for m in encoded_metrics((BEGAN, NOW, list(metrics.snapshot())))]
    assert len(set(names)) == len(names) == len(Event) + len(Level)
