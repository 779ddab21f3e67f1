"""What readiness and liveness are made of; each part by itself takes them away."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from signward_server.wiring.health import Liveness, Readiness

from tests.fakes.spine.audit import FakeAudit
from tests.fakes.spine.custody import FakeCustody
from tests.fakes.spine.lease import FakeLease


class Parts:
    """Everything that a signature takes, and well."""

    def __init__(self) -> None:
        self.lease = FakeLease()
        self.audit = FakeAudit()
        self.custodies = [FakeCustody(), FakeCustody()]
        self.certificates = SimpleNamespace(current=True)
        self.liveness = Liveness()
        self.readiness = Readiness(
            self.lease, self.audit, self.custodies, self.certificates, self.liveness
        )


@pytest.fixture
def parts() -> Parts:
    made = Parts()
    assert made.readiness()
    return made


def test_promise_10_no_lease_is_not_ready(parts: Parts) -> None:
    parts.lease.held = False
    assert not parts.readiness()


def test_promise_10_no_audit_is_not_ready(parts: Parts) -> None:
    parts.audit.healthy = lambda: False
    assert not parts.readiness()


def test_promise_10_one_custody_that_is_down_is_not_ready(parts: Parts) -> None:
    parts.custodies[1].healthy = lambda: False
    assert not parts.readiness()


def test_promise_10_an_expired_certificate_is_not_ready(parts: Parts) -> None:
    parts.certificates.current = False
    assert not parts.readiness()


def test_promise_10_a_daemon_that_stops_is_not_ready(parts: Parts) -> None:
    parts.readiness.end()
    assert not parts.readiness()


def test_promise_10_a_thread_that_died_is_not_ready(parts: Parts) -> None:
    parts.liveness.watch("serving", lambda: False)
    assert not parts.readiness()


def test_the_log_says_once_why_it_is_not_ready(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    parts.lease.held = False
    parts.custodies[0].healthy = lambda: False
    assert not parts.readiness()
    assert not parts.readiness()
    parts.lease.held = True
    del parts.custodies[0].healthy
    assert parts.readiness()
    assert [(each.message, each.__dict__["parts"]) for each in caplog.records] == [
        ("not ready", ("store", "custody envelope")),
        ("ready", ()),
    ]


def test_each_part_that_died_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    well = {"log": True, "serving": True}
    liveness = Liveness()
    assert liveness()
    liveness.watch("log", lambda: well["log"])
    liveness.watch("serving", lambda: well["serving"])
    assert liveness()
    well["serving"] = False
    assert [liveness(), liveness()] == [False, False]
    (record,) = caplog.records
    assert record.__dict__["part"] == "serving"
    well["serving"] = True
    assert liveness()


def test_a_daemon_that_stops_is_alive_while_its_threads_end() -> None:
    liveness = Liveness()
    liveness.watch("serving", lambda: False)
    liveness.end()
    assert liveness()
