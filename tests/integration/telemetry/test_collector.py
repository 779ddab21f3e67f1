"""A collector in another process, over TLS and in every mood."""

import shutil
import time
from pathlib import Path

import pytest
from cryptography import x509
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from signward_server.telemetry.destination import Destination
from signward_server.telemetry.export.collector import Collector, Outcome
from signward_server.telemetry.export.conventions import Origin
from signward_server.telemetry.export.spans import spans_message

from tests.fakes.certificates import Authority
from tests.fakes.finished_spans import finished
from tests.running.otlp import Mode, Receiver

pytestmark = pytest.mark.integration

MESSAGE = spans_message([finished(), finished()], Origin.of({}))


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as running:
        yield running


@pytest.fixture
def connect(receiver):
    """Return what makes a collector of an endpoint, live unless it says otherwise."""
    receiver.turn(Mode.LIVE)
    made: list[Collector] = []

    def connected(target: str = f"localhost:{receiver.port}", **given) -> Collector:
        made.append(
            Collector(Destination(target=target, encrypted="ca" in given, resource={}, **given))
        )
        return made[-1]

    yield connected
    for collector in made:
        collector.close()


def test_what_is_sent_is_taken(receiver, connect):
    assert len(ExportTraceServiceRequest.FromString(MESSAGE).resource_spans) == 1
    before = len(receiver.spans())
    assert connect().send_spans(MESSAGE, 10) == Outcome("OK")
    assert connect().send_metrics(b"", 10) == Outcome("OK")
    assert len(receiver.spans()) == before + 2


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        (Mode.HANGING, Outcome("DEADLINE_EXCEEDED", again=True)),
        (Mode.REFUSING, Outcome("UNAVAILABLE", again=True)),
        (Mode.DENYING, Outcome("PERMISSION_DENIED")),
        (Mode.FULL, Outcome("RESOURCE_EXHAUSTED", again=True, wait=3.0)),
        (Mode.REJECTING, Outcome("OK", refused=1)),
        (Mode.SLOW, Outcome("OK")),
    ],
)
def test_what_a_collector_answers_is_understood(receiver, connect, mode, outcome):
    collector = connect()
    receiver.turn(mode)
    began = time.monotonic()
    assert collector.send_spans(MESSAGE, 2) == outcome
    assert time.monotonic() - began < 4
    receiver.turn(Mode.LIVE)
    assert collector.send_spans(MESSAGE, 10) == Outcome("OK")


def test_one_that_is_not_there_is_found_when_it_comes(receiver):
    with Receiver() as gone:
        port = gone.port
    collector = Collector(Destination(target=f"localhost:{port}", encrypted=False, resource={}))
    assert collector.send_spans(MESSAGE, 5) == Outcome("UNAVAILABLE", again=True)
    with Receiver(port=port):
        assert collector.send_spans(MESSAGE, 10) == Outcome("OK")
    collector.close()


def test_one_that_is_frozen_costs_no_more_than_its_time(receiver, connect):
    collector = connect()
    assert collector.send_spans(MESSAGE, 10).taken
    with receiver.frozen():
        began = time.monotonic()
        assert collector.send_spans(MESSAGE, 0.5) == Outcome("DEADLINE_EXCEEDED", again=True)
        assert time.monotonic() - began < 4


def test_headers_come_from_a_file_that_may_change(receiver, connect, tmp_path):
    file = tmp_path / "headers"
    file.write_text("Authorization: Bearer one\n\nx-tenant: desk: 7 \n")
    collector = connect(headers=str(file))
    assert collector.send_spans(MESSAGE, 10).taken
    headers = receiver.told()["headers"]
    assert (headers["authorization"], headers["x-tenant"]) == ("Bearer one", "desk: 7")
    file.write_text("authorization: Bearer two\n")
    collector.close()
    assert collector.send_spans(MESSAGE, 10).taken
    assert receiver.told()["headers"]["authorization"] == "Bearer two"
    file.unlink()
    collector.close()
    assert collector.send_spans(MESSAGE, 10) == Outcome("a file cannot be read", again=True)


@pytest.mark.parametrize(
    "wrong", ["ä: b", "a name: x", "no colon at all", ": empty", "x-Bin: y", "a: \x01"]
)
def test_what_is_no_header_is_not_sent(connect, tmp_path, wrong):
    (tmp_path / "headers").write_text(wrong)
    found = connect(headers=str(tmp_path / "headers")).send_spans(MESSAGE, 10)
    assert found == Outcome("a file cannot be read", again=True)


@pytest.fixture(scope="module")
def pki(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    authority = Authority(folder)
    server = authority.issue("collector", x509.DNSName("localhost"))
    client = authority.issue("daemon", x509.DNSName("daemon"))
    stranger = Authority(folder, "stranger-ca").issue("stranger", x509.DNSName("daemon"))
    shutil.copy(server.certificate, folder / "server.crt")
    shutil.copy(server.private_key, folder / "server.key")
    shutil.copy(authority.ca, folder / "client-ca.crt")
    assert client.certificate.exists()
    assert stranger.certificate.exists()
    return folder


@pytest.fixture(scope="module")
def guarded(pki):
    with Receiver(tls=pki) as running:
        yield running


def test_both_sides_show_who_they_are(pki, guarded, connect):
    target = f"localhost:{guarded.port}"
    files = {"certificate": str(pki / "daemon.pem"), "private_key": str(pki / "daemon.key")}
    known = connect(target, ca=str(pki / "ca.pem"), **files)
    assert known.send_spans(MESSAGE, 10) == Outcome("OK")
    assert len(guarded.spans()) == 2


@pytest.mark.parametrize(
    ("ca", "name"), [("ca.pem", ""), ("ca.pem", "stranger"), ("stranger-ca.pem", "daemon")]
)
def test_nothing_is_sent_to_strangers_or_by_them(pki, guarded, connect, ca, name):
    files = {"certificate": f"{pki}/{name}.pem", "private_key": f"{pki}/{name}.key"} if name else {}
    before = len(guarded.spans())
    found = connect(f"localhost:{guarded.port}", ca=str(pki / ca), **files).send_spans(MESSAGE, 5)
    assert found == Outcome("UNAVAILABLE", again=True)
    assert len(guarded.spans()) == before
