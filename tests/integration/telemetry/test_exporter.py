"""The process that exports: fed, restarted, ended, and out of everybody's way."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from signward_server.config import load
from signward_server.core.ports import Event, Level
from signward_server.telemetry import exporter as exporter_module
from signward_server.telemetry.destination import Destination
from signward_server.telemetry.durations import BOUNDS
from signward_server.telemetry.exporter import SPANS, Exporter
from signward_server.telemetry.metrics import Metrics
from signward_server.telemetry.tracing import Tracing
from signward_server.telemetry.untraced import Untraced
from signward_server.wiring.health import Liveness
from signward_server.wiring.telemetry import start_telemetry

from tests.fakes.finished_spans import finished, span
from tests.running.homes import ROOT, environment
from tests.running.otlp import Mode, Receiver
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as running:
        yield running


@pytest.fixture
def opened():
    with ExitStack() as stack:
        yield stack


def section(endpoint: str, *more: str):
    flags = [f"telemetry.{flag}" for flag in (f"endpoint={endpoint}", *more)]
    return load(None, environment={}, flags=flags).telemetry


def started(endpoint: str, metrics: Metrics, opened: ExitStack, *more: str) -> Tracing:
    spans = start_telemetry(section(endpoint, *more), metrics, Liveness(), opened)
    assert isinstance(spans, Tracing)
    return spans


def shown(metrics: Metrics, event: Event) -> dict[str, float]:
    (family,) = [family for family in metrics.snapshot() if family.name == event.value]
    return {labels[0] if labels else "": number for labels, number in family.samples}


def exporters() -> set[int]:
    """Return the processes of this one that export."""
    own = [
        pid
        for task in Path("/proc/self/task").iterdir()
        for pid in read(f"{task}/children").split()
    ]
    commands = {int(pid): read(f"/proc/{pid}/cmdline") for pid in own}
    return {pid for pid, command in commands.items() if "signward_server.telemetry" in command}


def the_exporter() -> int:
    assert eventually(lambda: len(exporters()) == 1)
    return exporters().pop()


def read(path: str | Path) -> str:
    """Return what a file in /proc says; nothing of a process that has gone."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def files_of(pid: int) -> set[Path]:
    """Return what a process has open; it may close some of it meanwhile."""
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(file.readlink())
    return found


def test_without_an_endpoint_there_is_no_process(opened):
    assert isinstance(start_telemetry(section(""), Metrics(), Liveness(), opened), Untraced)
    assert exporters() == set()


def test_spans_and_metrics_reach_the_collector(receiver, opened):
    metrics = Metrics()
    metrics.level(Level.STREAMS, 3)
    spans = started(
        receiver.endpoint,
        metrics,
        opened,
        "metrics_interval=1s",
        "service_name=desk",
        'resource=["deployment.environment.name=test"]',
    )
    trace = spans.start("")
    for _ in range(1000):
        spans.finish(span(trace=trace))
    mine = [s for s in receiver.spans() if s["trace_id"] == trace.trace_id]
    assert eventually(
        lambda: len([s for s in receiver.spans() if s["trace_id"] == trace.trace_id]) == 1000
    )
    mine = [s for s in receiver.spans() if s["trace_id"] == trace.trace_id]
    resource = mine[0]["resource"]
    assert resource["service.name"] == "desk"
    assert resource["deployment.environment.name"] == "test"
    assert resource["service.instance.id"]
    assert eventually(lambda: shown(metrics, Event.SPAN_EXPORTED) == {"": 1000})
    assert eventually(lambda: "signward.open_streams" in receiver.metrics())
    (point,) = receiver.metrics()["signward.open_streams"]["gauge"]["data_points"]
    assert point["as_double"] == 3
    assert set(shown(metrics, Event.SPAN_DROPPED).values()) == {0}


def test_a_collector_sees_all_of_a_span(receiver, opened):
    spans = started(receiver.endpoint, Metrics(), opened, "service_name=desk")
    trace = spans.start(f"00-{'c0ffee00' * 4}-00f067aa0ba902b7-01")
    before = time.time_ns()
    spans.finish(span(trace=trace, status="UNAVAILABLE", reason="AUDIT_UNAVAILABLE"))
    item = spans.child(trace)
    spans.finish(span(trace=item, is_item=True))
    after = time.time_ns()
    ids = {trace.span_id, item.span_id}
    assert eventually(lambda: ids <= {s["span_id"] for s in receiver.spans()})
    mine = [s for s in receiver.spans() if s["span_id"] in ids]
    for one in mine:
        assert one.pop("resource")["service.name"] == "desk"
        assert before <= one["end"] <= after
        assert one.pop("end") - one.pop("start") == 250_000
    attributes = {
        "rpc.system.name": "grpc",
        "rpc.method": "signward.v1.SignService/Sign",
        "network.peer.address": "192.0.2.1",
        "signward.identity": "cn:bot",
        "signward.action": "SignOrder",
        "signward.key": "desk-1",
        "signward.key.version": 2,
        "signward.purpose": "order",
        "signward.custody": "envelope",
        "signward.decision": "allow",
        "signward.audit.log": "signward/0011",
        "signward.audit.sequence": 7,
    }
    of = {
        "scope": "signward_server",
        "schema": "https://opentelemetry.io/schemas/1.44.0",
        "trace_id": "c0ffee00" * 4,
    }
    call = {
        "name": "signward.v1.SignService/Sign",
        "kind": 2,  # SERVER
        "flags": 0x300,  # its parent is remote
        "span_id": trace.span_id,
        "parent_id": "00f067aa0ba902b7",
        "status": 2,  # ERROR
        "message": "AUDIT_UNAVAILABLE",
        "attributes": attributes
        | {
            "rpc.response.status_code": "UNAVAILABLE",
            "error.type": "UNAVAILABLE",
            "signward.outcome": "AUDIT_UNAVAILABLE",
        },
    }
    below = {
        "name": "signward.v1.SignService/Sign item",
        "kind": 1,  # INTERNAL
        "flags": 0,  # which is not known
        "span_id": item.span_id,
        "parent_id": trace.span_id,
        "status": 0,
        "message": "",
        "attributes": attributes | {"rpc.response.status_code": "OK", "signward.outcome": "OK"},
    }
    assert mine == [of | call, of | below]


def test_a_collector_sees_durations_in_buckets(opened):
    with Receiver() as live:
        metrics, name = Metrics(), "rpc.server.call.duration"
        for seconds in (0.00001, 0.0003, 0.0004, 20):
            metrics.observe("/signward.v1.SignService/Sign", "OK", seconds)
        began = time.time_ns()
        started(live.endpoint, metrics, opened, "metrics_interval=1s")
        assert eventually(lambda: name in live.metrics())
        found = live.metrics()[name]
    (point,) = found["histogram"]["data_points"]
    assert (found["unit"], point["count"], point["sum"]) == ("s", "4", 20.00071)
    assert point["bucket_counts"] == [*"100200000000000001"]
    assert point["explicit_bounds"] == list(BOUNDS)
    assert began - 60 * 10**9 < int(point["start_time_unix_nano"]) < int(point["time_unix_nano"])
    assert "min" not in point
    assert "max" not in point
    assert found["histogram"]["aggregation_temporality"] == "AGGREGATION_TEMPORALITY_CUMULATIVE"


def test_the_daemon_itself_never_imports_what_encodes():
    source = (
        "import sys\n"
        "import signward_server.wiring.telemetry, signward_server.cli.serving\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, env=environment(), capture_output=True, check=True
    )
    modules = found.stdout.decode().split()
    assert "grpc" in modules
    assert "opentelemetry" not in modules


def test_what_waits_at_the_end_is_sent_and_the_process_is_gone(receiver):
    assert any(sent_at_the_end(receiver) for _ in range(3))


def sent_at_the_end(receiver: Receiver) -> bool:
    """End while a span waits; return whether it arrived, which an end gives a second."""
    metrics = Metrics()
    with ExitStack() as opened:
        spans = started(receiver.endpoint, metrics, opened)
        first, trace = spans.start(""), spans.start("")
        spans.finish(span(trace=first))
        assert eventually(lambda: first.trace_id in [s["trace_id"] for s in receiver.spans()])
        assert eventually(lambda: shown(metrics, Event.SPAN_EXPORTED) == {"": 1})
        spans.finish(span(trace=trace))
        began = time.monotonic()
    took = time.monotonic() - began
    assert took < 3
    assert exporters() == set()
    arrived = [s["trace_id"] for s in receiver.spans()].count(trace.trace_id)
    if not arrived:
        assert took >= 1
        assert shown(metrics, Event.SPAN_DROPPED)["process"] == 1
    assert arrived <= 1
    return arrived == 1


@pytest.mark.parametrize("mode", [Mode.HANGING, Mode.SLOW, Mode.REFUSING])
def test_no_collector_holds_up_the_end(opened, mode):
    with Receiver(mode) as dead, ExitStack() as within:
        spans = started(dead.endpoint, Metrics(), within)
        for _ in range(2000):
            spans.finish(span())
        assert eventually(lambda: dead.told()["calls"] > 0)
        began = time.monotonic()
        within.close()
        assert time.monotonic() - began < 3
    assert exporters() == set()


def test_s20_it_gets_no_secret_and_nothing_that_is_open(receiver, opened, monkeypatch, tmp_path):
    """Executed, not forked; and it takes the processor only when nobody who signs wants it."""
    monkeypatch.setenv("SIGNWARD_PLANTED", "secret")
    monkeypatch.setenv("API_KEY", "secret")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://elsewhere:4317")
    monkeypatch.setenv("https_proxy", "http://elsewhere:3128")
    kek = tmp_path / "kek"
    kek.write_text("secret")
    with kek.open():
        started(receiver.endpoint, Metrics(), opened)
        pid = the_exporter()
        open_files = files_of(pid)
        variables = read(f"/proc/{pid}/environ")
    assert kek not in open_files
    assert "PYTHONPATH" in variables
    assert "secret" not in variables
    assert "elsewhere" not in variables
    assert eventually(lambda: os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(0, 0))
    assert os.getsid(pid) == pid != os.getsid(0)
    group = Path(f"/proc/{pid}/autogroup")  # where the kernel schedules sessions as groups
    assert not group.exists() or eventually(lambda: group.read_text().endswith(" nice 10\n"))


def test_one_that_ends_is_followed_by_another(receiver, opened, caplog, monkeypatch):
    monkeypatch.setattr(exporter_module, "_FIRST_PAUSE", 0.2)
    metrics = Metrics()
    spans = started(receiver.endpoint, metrics, opened)
    first = the_exporter()
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: exporters() not in (set(), {first}))
    assert eventually(lambda: shown(metrics, Event.EXPORTER_STARTED) == {"": 2})
    assert [record.message for record in caplog.records] == ["exporter has ended"]
    trace = spans.start("")
    spans.finish(span(trace=trace))
    assert eventually(lambda: trace.trace_id in [s["trace_id"] for s in receiver.spans()])


def test_spans_that_died_with_a_process_are_counted(opened):
    with Receiver(Mode.HANGING) as dead:
        metrics = Metrics()
        spans = started(dead.endpoint, metrics, opened)
        for _ in range(600):
            spans.finish(span())
        assert eventually(lambda: dead.told()["calls"] > 0)
        pid = the_exporter()
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: shown(metrics, Event.SPAN_DROPPED)["process"] == 600)


def test_one_that_cannot_be_started_is_tried_again_later(monkeypatch, caplog):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    exporter = Exporter(Destination(target="localhost:1", encrypted=False, resource={}))
    exporter.start()
    exporter.start()
    assert (exporter.starts, exporter.is_up) == (0, False)
    assert exporter.send(SPANS, [finished()]) == 0
    exporter.tend()  # not yet
    exporter.close(1)
    assert {record.message for record in caplog.records} == {"exporter cannot be started"}


def test_it_ends_with_a_daemon_that_is_killed(receiver, tmp_path):
    source = (
        "import time\n"
        "from signward_server.telemetry.destination import Destination\n"
        "from signward_server.telemetry.exporter import Exporter\n"
        f"there = Destination(target='{receiver.port}', encrypted=False, resource={{}})\n"
        "exporter = Exporter(there)\n"
        "exporter.start()\n"
        "print(exporter._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", source], cwd=ROOT, env=environment(), stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    assert eventually(lambda: "zombie" in read(f"/proc/{pid}/status") or not is_alive(pid))


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_packets_that_are_too_large_go_in_halves(monkeypatch, opened):
    monkeypatch.setattr(exporter_module, "_BUFFER", 100_000)  # the kernel doubles it
    with Receiver() as live:
        metrics = Metrics()
        spans = started(live.endpoint, metrics, opened)
        for number in range(256):
            spans.finish(span(identity=f"spiffe://{number}/" + "x" * 8000))
        assert eventually(lambda: len(live.spans()) == 256)
        spans.finish(span(identity="x" * 300_000))
        assert eventually(lambda: shown(metrics, Event.SPAN_DROPPED)["process"] == 1)


def test_one_that_stands_still_stops_nobody(receiver):
    metrics = Metrics()
    with ExitStack() as opened:
        spans = started(receiver.endpoint, metrics, opened)
        pid = the_exporter()
        os.kill(pid, signal.SIGSTOP)
        finished, slowest = 0, 0.0
        while shown(metrics, Event.SPAN_DROPPED)["queue"] <= 10_000 and finished < 400_000:
            for number in range(1_000):
                one = span(identity=f"{number}" + "x" * 500)
                began = time.perf_counter()
                spans.finish(one)
                slowest = max(slowest, time.perf_counter() - began)
            finished += 1_000
        assert slowest < 0.5  # which a busy machine takes; waiting would take for ever
        assert shown(metrics, Event.SPAN_DROPPED)["queue"] > 10_000
        began = time.monotonic()
    assert time.monotonic() - began < 3
    assert exporters() == set()
    lost = shown(metrics, Event.SPAN_DROPPED)
    assert lost["queue"] + lost["process"] <= finished
