"""Metrics on the wire: the messages of OTLP that a collector gets."""

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    Sum,
)
from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports import Event, Level
from signward_server.telemetry.export.conventions import Origin
from signward_server.telemetry.export.metrics import metrics_message
from signward_server.telemetry.families import Family
from signward_server.telemetry.metrics import Metrics

BEGAN, NOW = 1_700_000_000_000_000_000, 1_700_000_015_000_000_000
CUMULATIVE = 2  # AggregationTemporality
ORIGIN = Origin.of({"service.name": "desk", "service.version": "1.2"})
BOUNDS = [
    *(0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01),
    *(0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def message(metrics: Metrics) -> ResourceMetrics:
    snapshot = (BEGAN, NOW, list(metrics.snapshot()))
    request = ExportMetricsServiceRequest.FromString(metrics_message(snapshot, ORIGIN))
    (whole,) = request.resource_metrics
    return whole


def sent(metrics: Metrics, name: str) -> Metric:
    (scope,) = message(metrics).scope_metrics
    (found,) = [metric for metric in scope.metrics if metric.name == name]
    return found


def pairs(attributes: dict[str, str]) -> list[KeyValue]:
    return [KeyValue(key=k, value=AnyValue(string_value=v)) for k, v in attributes.items()]


def growing(value: float, **attributes: str) -> Sum:
    """Return a sum of one number."""
    point = NumberDataPoint(
        attributes=pairs({f"signward.{name}": text for name, text in attributes.items()}),
        start_time_unix_nano=BEGAN,
        time_unix_nano=NOW,
        as_double=value,
    )
    return Sum(data_points=[point], aggregation_temporality=CUMULATIVE, is_monotonic=True)


def test_a_counter_is_a_growing_sum(metrics):
    metrics.count(Event.REFUSED, "POLICY_DENIED")
    metrics.count(Event.REFUSED, "POLICY_DENIED")
    assert sent(metrics, "signward.refusals") == Metric(
        name="signward.refusals",
        description="Calls and items that ended in an error.",
        unit="1",
        sum=growing(2.0, reason="POLICY_DENIED"),
    )


def test_signatures_have_two_attributes(metrics):
    metrics.signed(Purpose.ORDER, CustodyKind.ENVELOPE)
    assert sent(metrics, "signward.signatures") == Metric(
        name="signward.signatures",
        description="Signatures that were made.",
        unit="1",
        sum=growing(1.0, purpose="order", custody="envelope"),
    )


@pytest.mark.parametrize(
    ("level", "name", "unit"),
    [
        (Level.STREAMS, "signward.open_streams", "1"),
        (Level.LOCKED_MEMORY, "signward.locked_memory", "By"),
        (Level.CHECKPOINT_AGE, "signward.audit_checkpoint_age", "s"),
    ],
)
@pytest.mark.parametrize("number", [2.5, 3])
def test_a_level_is_a_gauge_with_a_unit_and_no_beginning(metrics, level, name, unit, number):
    metrics.level(level, number)
    found = sent(metrics, name)
    point = NumberDataPoint(time_unix_nano=NOW, as_double=number)
    assert found == Metric(
        name=name, description=found.description, unit=unit, gauge=Gauge(data_points=[point])
    )


def test_whole_numbers_are_of_the_same_type_as_others():
    """What is 3 now may be 2.5 next, and a collector knows a metric by one type."""
    family = Family("refusals", "counter", "Text.", (), (((), 3),))
    request = ExportMetricsServiceRequest.FromString(
        metrics_message((BEGAN, NOW, [family]), ORIGIN)
    )
    (metric,) = request.resource_metrics[0].scope_metrics[0].metrics
    assert metric.sum == growing(3.0)


def test_calls_are_those_of_the_semantic_conventions(metrics):
    metrics.observe("/signward.v1.SignService/Sign", "OK", 0.0003)
    metrics.observe("/signward.v1.SignService/Sign", "OK", 0.0004)
    metrics.observe("/signward.v1.SignService/Sign", "INTERNAL", 20)

    def point(attributes: dict[str, str], counts: list[int], total: float) -> HistogramDataPoint:
        method = {"rpc.system.name": "grpc", "rpc.method": "signward.v1.SignService/Sign"}
        return HistogramDataPoint(  # neither the least nor the most, which are not kept
            attributes=pairs(method | attributes),
            start_time_unix_nano=BEGAN,
            time_unix_nano=NOW,
            count=sum(counts),
            sum=total,
            bucket_counts=counts,
            explicit_bounds=BOUNDS,
        )

    status, error = "rpc.response.status_code", "error.type"
    points = [
        point({status: "OK"}, [0] * 3 + [2] + [0] * 14, 0.0003 + 0.0004),
        point({status: "INTERNAL", error: "INTERNAL"}, [0] * 17 + [1], 20.0),
    ]
    assert sent(metrics, "rpc.server.call.duration") == Metric(
        name="rpc.server.call.duration",
        description="How long calls took, streams as a whole.",
        unit="s",
        histogram=Histogram(data_points=points, aggregation_temporality=CUMULATIVE),
    )


def test_items_are_counted_apart(metrics):
    metrics.observe("/signward.v1.SignService/SignBatch", "OK", 0.1, item=True)
    assert sent(metrics, "signward.item.duration").histogram.data_points[0].count == 1


def test_everything_that_is_counted_is_sent(metrics):
    for event in Event:
        metrics.count(event, "Detail")
    for level in Level:
        metrics.level(level, 1)
    (scope,) = message(metrics).scope_metrics
    names = [metric.name for metric in scope.metrics]
    assert len(set(names)) == len(names) == len(Event) + len(Level)


def test_metrics_are_of_the_daemon_and_of_one_version_of_the_conventions(metrics):
    metrics.level(Level.STREAMS, 4)
    whole = message(metrics)
    (scope,) = whole.scope_metrics
    assert {a.key: a.value.string_value for a in whole.resource.attributes} == {
        "service.name": "desk",
        "service.version": "1.2",
    }
    assert (scope.scope.name, scope.scope.version) == ("signward_server", "1.2")
    assert {whole.schema_url, scope.schema_url} == {"https://opentelemetry.io/schemas/1.44.0"}
