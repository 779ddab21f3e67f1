"""What the daemon hands over arrives as it was."""

import marshal
import socket

import pytest
from signward_server.core.ports import Event
from signward_server.telemetry.export.backlog import Backlog
from signward_server.telemetry.export.receiving import receive, receive_about
from signward_server.telemetry.metrics import Metrics

from tests.fakes.finished_spans import finished


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def test_spans_and_metrics_arrive_as_they_were_until_the_end(ends):
    ours, theirs = ends
    metrics, backlog = Metrics(), Backlog()
    metrics.count(Event.REFUSED, "POLICY_DENIED")
    metrics.observe("/a.B/C", "OK", 0.001)
    families = list(metrics.snapshot())
    ours.send(marshal.dumps(("spans", [finished(), finished()])))
    ours.send(marshal.dumps(("metrics", [(1, 2, *family.packed()) for family in families])))
    ours.send(marshal.dumps(("metrics", [])))
    ours.close()
    receive(theirs, backlog)
    assert backlog.ended.is_set()
    spans, snapshot = backlog.take()
    assert spans == [finished(), finished()]
    assert snapshot == (1, 2, families)


def test_first_comes_where_to(ends):
    ours, theirs = ends
    ours.send(marshal.dumps(("about", [{"target": "localhost:1"}])))
    assert receive_about(theirs) == {"target": "localhost:1"}
    ours.close()
    with pytest.raises(EOFError):
        receive_about(theirs)
