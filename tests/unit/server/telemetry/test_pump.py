"""The thread that feeds the exporter outlives whatever goes wrong, and its death is seen."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from signward_server.config import load
from signward_server.config.telemetry import Telemetry
from signward_server.telemetry import exporter as exporter_module
from signward_server.telemetry import pump as pump_module
from signward_server.telemetry.destination import Destination
from signward_server.telemetry.exporter import Exporter
from signward_server.telemetry.metrics import Metrics
from signward_server.telemetry.pump import Pump
from signward_server.telemetry.tracing import Tracing
from signward_server.wiring.health import Liveness
from signward_server.wiring.telemetry import start_telemetry

from tests.fakes.finished_spans import span
from tests.unit.server.audit.waiting import eventually

NOWHERE = Destination(target="localhost:1", encrypted=False, resource={})


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter_module, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(pump_module, "_AFTER_ERROR", 0.01)
    monkeypatch.setattr(pump_module, "_EVERY", 0.01)


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class FailingExporter(Exporter):
    """Fails in a way that nobody foresaw, in one place after the other."""

    def __init__(self) -> None:
        super().__init__(NOWHERE)
        self.failures: list[str] = []
        self.closed = False

    @property
    def is_up(self) -> bool:
        return True

    def start(self) -> None:
        pass

    def tend(self) -> None:
        self._fail("tend")

    def send(self, kind: str, items: object) -> int:
        self._fail(f"send {kind}")
        return 0

    def close(self, timeout: float) -> None:
        self.closed = True

    def _fail(self, what: str) -> None:
        self.failures.append(what)
        raise ValueError(what)


def section(endpoint: str) -> Telemetry:
    return load(None, environment={}, flags=[f"telemetry.endpoint={endpoint}"]).telemetry


def test_the_thread_outlives_what_nobody_foresaw(caplog: pytest.LogCaptureFixture) -> None:
    exporter, tracing = FailingExporter(), Tracing(1.0)
    pump = Pump(tracing, Metrics(), exporter, interval=0.01)
    assert not pump.alive
    pump.start()
    tracing.finish(span())
    for failure in ("tend", "send spans", "send metrics"):
        assert eventually(lambda failure=failure: exporter.failures.count(failure) >= 3)
    assert pump.alive
    pump.close()
    assert (pump.alive, exporter.closed) == (False, True)
    assert {record.message for record in caplog.records} == {"unexpected error"}


@pytest.mark.parametrize("failing", ["socketpair", "Popen"])
def test_without_descriptors_it_is_tried_again_until_there_are_some(
    failing: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    module = socket if failing == "socketpair" else exporter_module.subprocess
    left = [OSError(errno.EMFILE, os.strerror(errno.EMFILE))] * 4
    pair, real = socket.socketpair, getattr(module, failing)
    ends: list[socket.socket] = []

    def scarce(*arguments: object, **more: object) -> object:
        if left:
            raise left.pop()
        return real(*arguments, **more)

    def paired(*arguments: int) -> tuple[socket.socket, socket.socket]:
        ends.extend(pair(*arguments))
        return ends[-2], ends[-1]

    monkeypatch.setattr(sys, "executable", "/bin/true")  # ends at once
    monkeypatch.setattr(socket, "socketpair", paired)
    exporter = Exporter(NOWHERE)
    pump = Pump(Tracing(1.0), Metrics(), exporter, interval=60.0)
    monkeypatch.setattr(module, failing, scarce)
    exporter.start()
    assert not exporter.is_up
    assert [end.fileno() for end in ends] == [-1] * len(ends)
    pump.start()
    assert eventually(lambda: exporter.starts >= 1)
    assert pump.alive
    pump.close()
    messages = [record.message for record in caplog.records]
    assert messages.count("exporter cannot be started") == 4
    assert set(messages) <= {"exporter cannot be started", "exporter has ended"}


def test_a_dead_thread_is_named(
    opened: ExitStack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")
    liveness = Liveness()
    with ExitStack() as within:
        start_telemetry(section("http://127.0.0.1:1"), Metrics(), liveness, within)
        assert liveness()
    assert not liveness()
    assert [each.__dict__["part"] for each in caplog.records if "part" in each.__dict__] == [
        "telemetry"
    ]


def test_a_daemon_without_telemetry_has_no_thread_to_watch(opened: ExitStack) -> None:
    liveness = Liveness()
    start_telemetry(section(""), Metrics(), liveness, opened)
    assert liveness()
