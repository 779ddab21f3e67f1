"""One line for a peer and a second, whatever an attacker does (S38)."""

import json
import threading

import pytest
import structlog
from signward_server.limits.failure_log import FailureLog

from tests.running.waiting import eventually


@pytest.fixture
def log():
    made = FailureLog(3600)
    yield made
    made.close()


@pytest.fixture
def lines():
    with structlog.testing.capture_logs() as captured:
        yield captured


def test_s38_failures_of_a_peer_are_one_line_with_counts_by_reason(log, lines):
    for _ in range(500):
        log.add("192.0.2.1", "API_KEY_INVALID")
    log.add("192.0.2.1", "CERTIFICATE_REVOKED")
    log.add("unix:", "API_KEY_INVALID")
    assert lines == []
    assert log.flush()
    assert lines == [
        {
            "event": "authentication failed",
            "log_level": "warning",
            "peer": "192.0.2.1",
            "failures": {"API_KEY_INVALID": 500, "CERTIFICATE_REVOKED": 1},
        },
        {
            "event": "authentication failed",
            "log_level": "warning",
            "peer": "unix:",
            "failures": {"API_KEY_INVALID": 1},
        },
    ]
    assert not log.flush()
    assert len(lines) == 2


def test_s38_the_worst_have_lines_and_all_others_one(log, lines):
    for number in range(50):
        for _ in range(number + 1):
            log.add(f"peer {number}", "API_KEY_INVALID")
    log.flush()
    assert [line["peer"] for line in lines] == [f"peer {n}" for n in range(49, 33, -1)] + ["others"]
    assert lines[-1]["failures"] == {"API_KEY_INVALID": sum(range(35))}


def test_s38_an_interval_writes_no_more_than_its_bytes(log, lines):
    for number in range(5000):
        for reason in ("CERTIFICATE_INVALID", "CERTIFICATE_REVOKED", "API_KEY_INVALID"):
            log.add(f"2001:db8:ffff:{number:04x}::/64", reason)
    assert len(log._peers) == 1024
    log.flush()
    assert len(lines) == 17
    assert sum(len(json.dumps(line)) for line in lines) < 8192


def test_a_thread_writes_and_ends_when_there_is_nothing_to_write(lines):
    log, before = FailureLog(0.01), set(threading.enumerate())
    for turn in (1, 2):
        log.add("unix:", "API_KEY_INVALID")
        assert eventually(lambda: set(threading.enumerate()) <= before)
        assert len(lines) == turn
    log.close()


def test_closing_writes_what_is_left_and_starts_nothing_more(lines):
    log, before = FailureLog(3600), set(threading.enumerate())
    log.add("unix:", "API_KEY_INVALID")
    assert len(set(threading.enumerate()) - before) == 1
    log.close()
    assert len(lines) == 1
    log.add("unix:", "API_KEY_INVALID")
    assert set(threading.enumerate()) <= before
    FailureLog().close()
