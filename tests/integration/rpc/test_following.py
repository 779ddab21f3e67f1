"""Following the audit log over the wire."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from signward.v1 import audit_pb2 as pb
from signward_server.core.audit_events import AuditEvent

from tests.fakes.spine.audit_log import ORIGIN
from tests.fakes.spine.serving import Served, eventually, reason, serve

pytestmark = pytest.mark.integration


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path) as running:
        for number in range(300):
            running.world.log.append(identity=f"cn:bot-{number % 3}")
        yield running


def _ended(steps: Iterator[object]) -> str:
    with pytest.raises(grpc.RpcError) as raised:
        for _ in steps:
            pass
    return reason(raised.value)


def test_records_arrive_as_they_are_written(served: Served) -> None:
    wanted = pb.AuditFilter(identity="cn:bot-1")
    request = pb.TailAuditRecordsRequest(start=0, filter=wanted)
    steps = served.admin().TailAuditRecords(request, timeout=20)
    assert next(steps) == pb.TailAuditRecordsResponse(log=ORIGIN)
    assert [next(steps).record.sequence for _ in range(100)] == list(range(1, 300, 3))
    served.world.log.append(identity="cn:bot-2")
    served.world.log.append(identity="cn:bot-1")
    assert next(steps).record.sequence == 301
    steps.cancel()
    assert eventually(lambda: served.open_streams == 0)
    events = [(entry.event, entry.outcome) for entry in served.world.audit.entries]
    assert events == [(AuditEvent.ADMINISTRATION, "OK")]


def test_s42_it_counts_as_a_stream(served: Served) -> None:
    stub = served.admin()
    open_ones = [stub.TailAuditRecords(pb.TailAuditRecordsRequest(), timeout=20) for _ in range(3)]
    for steps in open_ones:
        next(steps)
    assert served.open_streams == 3
    assert _ended(stub.TailAuditRecords(pb.TailAuditRecordsRequest(), timeout=20)) == "STREAM_LIMIT"
    for steps in open_ones:
        steps.cancel()


@pytest.mark.parametrize("start", [0, 300])
def test_s02_a_revoked_caller_sees_no_more(served: Served, start: int) -> None:
    auditor = served.authority.client("auditor")
    stub = served.channel(issued=auditor).unary_stream(
        "/signward.v1.AdminService/TailAuditRecords",
        request_serializer=pb.TailAuditRecordsRequest.SerializeToString,
        response_deserializer=pb.TailAuditRecordsResponse.FromString,
    )
    steps = stub(pb.TailAuditRecordsRequest(start=start), timeout=20)
    next(steps)
    served.files["crl.pem"].write_bytes(served.authority.revoking(auditor))
    served.certificates.load()
    assert _ended(steps) == "CERTIFICATE_REVOKED"


def test_s04_a_policy_that_changes_ends_it(served: Served) -> None:
    steps = served.admin().TailAuditRecords(pb.TailAuditRecordsRequest(), timeout=20)
    next(steps)
    served.world.policy.denied.add("TailAuditRecords")
    assert _ended(steps) == "POLICY_DENIED"
    assert eventually(lambda: served.world.audit.outcomes == ["OK", "POLICY_DENIED"])


def test_a_daemon_that_stops_says_so(served: Served) -> None:
    steps = served.admin().TailAuditRecords(pb.TailAuditRecordsRequest(), timeout=20)
    next(steps)
    stopping = threading.Thread(target=served.server.stop, args=(2.0,))
    stopping.start()
    assert _ended(steps) == "SHUTTING_DOWN"
    stopping.join()
