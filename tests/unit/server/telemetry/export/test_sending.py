"""What becomes of spans and metrics that a collector takes, refuses, or does not answer to."""

from collections.abc import Iterable

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from signward_server.core.ports import Level
from signward_server.telemetry.export import sending
from signward_server.telemetry.export.backlog import Backlog
from signward_server.telemetry.export.collector import Outcome
from signward_server.telemetry.export.sending import Sender
from signward_server.telemetry.metrics import Metrics

from tests.fakes.finished_spans import finished

RESOURCE = {"service.name": "signward", "service.version": "1.2"}
TAKEN = Outcome("OK")
DOWN = Outcome("UNAVAILABLE", again=True)
DENIED = Outcome("PERMISSION_DENIED")


class FakeCollector:
    """Answers as it is told, and keeps what it was sent."""

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self.outcomes = list(outcomes)
        self.spans: list[bytes] = []
        self.metrics: list[bytes] = []
        self.timeouts: list[float] = []

    def send_spans(self, message: bytes, timeout: float) -> Outcome:
        self.spans.append(message)
        self.timeouts.append(timeout)
        return self.outcomes.pop(0) if self.outcomes else TAKEN

    def send_metrics(self, message: bytes, timeout: float) -> Outcome:
        self.metrics.append(message)
        return self.outcomes.pop(0) if self.outcomes else TAKEN


class Stopping(Backlog):
    """A backlog of so many spans, which ends when they are taken for the last time."""

    def __init__(self, *batches: int, snapshot=None) -> None:
        super().__init__()
        self._batches = list(batches)
        self._once = snapshot

    def take(self):
        snapshot, self._once = self._once, None
        if not self._batches:
            self.end()
            return [], None
        return [finished()] * self._batches.pop(0), snapshot


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(sending, "_LONGEST_PAUSE", 0.0)


def run(backlog: Backlog, collector: FakeCollector) -> list[tuple[int, int, int]]:
    said: list[tuple[int, int, int]] = []
    Sender(backlog, collector, RESOURCE, 5.0, said.append).run()
    return said


def test_spans_are_sent_as_a_whole_with_what_they_are_of():
    collector = FakeCollector()
    assert run(Stopping(3), collector)[-1] == (3, 0, 0)
    (whole,) = ExportTraceServiceRequest.FromString(collector.spans[0]).resource_spans
    named = {a.key: a.value.string_value for a in whole.resource.attributes}
    (scope,) = whole.scope_spans
    assert named == RESOURCE
    assert (scope.scope.name, scope.scope.version) == ("signward_server", "1.2")
    assert scope.schema_url == whole.schema_url == "https://opentelemetry.io/schemas/1.44.0"
    assert len(scope.spans) == 3
    assert collector.timeouts == [5.0]


def test_metrics_are_sent_as_a_whole_with_what_they_are_of():
    metrics, collector = Metrics(), FakeCollector()
    metrics.level(Level.STREAMS, 4)
    run(Stopping(0, snapshot=(1, 2, list(metrics.snapshot()))), collector)
    (whole,) = ExportMetricsServiceRequest.FromString(collector.metrics[0]).resource_metrics
    assert {a.key: a.value.string_value for a in whole.resource.attributes} == RESOURCE
    assert "signward.open_streams" in [m.name for m in whole.scope_metrics[0].metrics]


def test_what_may_pass_is_tried_again_and_counted_once():
    collector = FakeCollector([DOWN, DOWN])
    assert run(Stopping(3), collector)[-1] == (3, 0, 0)
    assert len(set(collector.spans)) == 1
    assert len(collector.spans) == 3


def test_what_does_not_pass_is_given_up_after_a_while():
    collector = FakeCollector([DOWN] * 5)
    assert run(Stopping(3, 2), collector)[-1] == (2, 0, 3)
    assert len(collector.spans) == 6


def test_what_is_refused_for_good_is_not_tried_again():
    collector = FakeCollector([DENIED])
    assert run(Stopping(3), collector)[-1] == (0, 0, 3)
    assert len(collector.spans) == 1


def test_a_collector_may_take_a_part_and_cannot_refuse_more_than_there_was():
    assert run(Stopping(3), FakeCollector([Outcome("OK", refused=1)]))[-1] == (2, 0, 1)
    assert run(Stopping(3), FakeCollector([Outcome("OK", refused=99)]))[-1] == (0, 0, 3)


def test_the_log_says_once_that_nothing_is_taken_and_once_that_it_is_again(caplog):
    caplog.set_level("INFO")
    run(Stopping(1, 1, 1), FakeCollector([DENIED, DENIED, TAKEN]))
    assert [(record.message, getattr(record, "status", "")) for record in caplog.records] == [
        ("the collector takes nothing", "PERMISSION_DENIED"),
        ("the collector works again", ""),
    ]


def test_at_the_end_what_waits_gets_one_chance_each_and_little_time():
    backlog = Backlog()
    backlog.add_spans([finished()] * 3000)
    backlog.end()
    collector = FakeCollector([DOWN])
    assert run(backlog, collector)[-1] == (952 + 2048, 0, 0)
    assert all(timeout <= 0.7 for timeout in collector.timeouts)
