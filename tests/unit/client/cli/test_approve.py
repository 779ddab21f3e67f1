"""``signward approve``, and the refusal that asks for it."""

from __future__ import annotations

import datetime as dt

import pytest
from signward.cli import refusals
from typer.testing import _NamedTextIOWrapper

from tests.fakes.spine.audit_log import FakeAuditLog
from tests.fakes.statuses import status

DIGEST = bytes(range(32))
APPROVE = ("approve", DIGEST.hex(), "--expires", "10m")
WITHDRAW = "SignHyperliquidWithdraw"


@pytest.fixture
def terminal(monkeypatch):
    """Have what is given to the command come from a terminal."""
    monkeypatch.setattr(_NamedTextIOWrapper, "isatty", lambda _: True)


def refused(log: FakeAuditLog, **more: object) -> None:
    fields: dict[str, object] = {
        "identity": "cn:bot",
        "event": "signature",
        "outcome": "POLICY_DENIED",
        "key": "treasury",
        "version": 3,
        "action": WITHDRAW,
        "intent": {"destination": "0xabc", "amount": 700_000_000, "vault": "", "safe": False},
        "note": f"approval_digest {DIGEST.hex()}",
    }
    log.append(**fields | more)


def test_a_request_is_approved_for_a_while(daemon, run):
    outcome = run(*APPROVE, "--reason", "asked by phone", "--yes")
    assert (outcome.code, outcome.stderr) == (0, "")
    [request] = daemon.calls("ApproveRequest")
    assert (request.digest, request.reason) == (DIGEST, "asked by phone")
    end = request.expire_time.ToDatetime(dt.UTC)
    assert end - dt.datetime.now(dt.UTC) == pytest.approx(
        dt.timedelta(minutes=10), abs=dt.timedelta(seconds=30)
    )
    assert dt.datetime.fromisoformat(outcome.stdout.strip()) == end
    assert daemon.calls("ListAuditRecords") == []


def test_json_says_when_it_ends(daemon, run):
    outcome = run("approve", DIGEST.hex(), "--expires", "2031-01-31T12:00:00Z", "--json", "--yes")
    assert outcome.json == {"expireTime": "2031-01-31T12:00:00Z"}


def test_what_is_asked_for_is_shown_before_it_is_approved(daemon, run, terminal):
    refused(daemon.log)
    outcome = run("approve", DIGEST.hex().upper(), "--expires", "10m", input=b"y\n")
    assert outcome.code == 0
    for part in ("cn:bot", "key treasury, version 3", WITHDRAW, "destination: 0xabc"):
        assert part in outcome.stderr
    assert "amount: 700000000" in outcome.stderr
    assert "safe: false" in outcome.stderr
    assert "units of 0.00000001" in outcome.stderr
    assert "vault" not in outcome.stderr
    assert dt.datetime.fromisoformat(outcome.stdout.split()[-1])
    assert len(daemon.calls("ApproveRequest")) == 1


def test_nothing_is_approved_unless_that_is_said(daemon, run, terminal):
    refused(daemon.log)
    for answer in (b"n\n", b"\n", b""):
        outcome = run(*APPROVE, input=answer)
        assert outcome.code != 0
        assert WITHDRAW in outcome.stderr
    assert daemon.calls("ApproveRequest") == []


def test_without_a_terminal_it_is_shown_and_not_approved(daemon, run):
    refused(daemon.log)
    outcome = run(*APPROVE, input=b"y\n")
    assert outcome.code == 2
    assert WITHDRAW in outcome.stderr
    assert "--yes" in outcome.stderr
    assert daemon.calls("ApproveRequest") == []


def test_the_newest_refusal_of_this_digest_is_shown_and_nothing_else(daemon, run, terminal):
    refused(daemon.log, identity="cn:first")
    refused(daemon.log, identity="cn:second")
    refused(daemon.log, identity="cn:other", note=f"approval_digest {'0' * 64}")
    refused(daemon.log, identity="cn:faker", event="administration", outcome="OK")
    refused(daemon.log, identity="cn:done", outcome="OK")
    outcome = run(*APPROVE, input=b"y\n")
    assert "cn:second" in outcome.stderr
    for other in ("cn:first", "cn:other", "cn:faker", "cn:done"):
        assert other not in outcome.stderr


def test_all_of_several_is_shown_and_what_the_record_left_out(daemon, run, terminal):
    more = ({"@action": "SignHyperliquidUsdSend", "amount": 5}, {"amount": 6})
    refused(daemon.log, more=more, more_left=2, more_digest="0" * 64)
    outcome = run(*APPROVE, input=b"y\n")
    for part in ("SignHyperliquidUsdSend", "amount: 5", "amount: 6", "and 2 more"):
        assert part in outcome.stderr


def test_what_a_caller_wrote_steers_no_terminal(daemon, run, terminal):
    refused(daemon.log, intent={"name": "a\x1b[2K\nkey other"})
    outcome = run(*APPROVE, input=b"y\n")
    assert "  name: a?[2K key other" in outcome.stderr


def test_the_newest_records_are_looked_at(daemon, run, terminal, monkeypatch):
    monkeypatch.setattr(refusals, "LOOKED_AT", 2)
    refused(daemon.log)
    for _ in range(2):
        daemon.log.append(identity="cn:other", outcome="OK")
    assert "names this digest" in run(*APPROVE, input=b"y\n").stderr
    assert daemon.calls("ListAuditRecords")[0].start == 1


def test_no_record_and_no_right_to_read_it_are_said(daemon, run, terminal):
    outcome = run(*APPROVE, input=b"y\n")
    assert "no refusal among the last 100,000 audit records names this digest" in outcome.stderr
    assert outcome.code == 0
    daemon.plan("ListAuditRecords", status("PERMISSION_DENIED", "POLICY_DENIED", "No."))
    outcome = run(*APPROVE, input=b"n\n")
    assert "may not read audit records" in outcome.stderr
    assert len(daemon.calls("ApproveRequest")) == 1


@pytest.mark.parametrize("digest", ["", "00", "zz" * 32, "00" * 33])
def test_what_is_no_digest_is_a_usage_error(daemon, run, digest):
    outcome = run("approve", digest, "--expires", "10m", "--yes")
    assert outcome.code == 2
    assert "64 hex digits" in outcome.stderr
    assert daemon.seen == []


@pytest.mark.parametrize("expires", ["soon", "2031-01-31T12:00:00"])
def test_what_is_no_time_is_a_usage_error(daemon, run, expires):
    assert run("approve", DIGEST.hex(), "--expires", expires).code == 2
    assert run("approve", DIGEST.hex()).code == 2
    assert daemon.seen == []


def test_a_refusal_says_what_somebody_else_may_do(daemon, run):
    daemon.add_key("k")
    metadata = {"approval_digest": DIGEST.hex()}
    daemon.plan("Sign", status("PERMISSION_DENIED", "POLICY_DENIED", "No.", metadata=metadata))
    outcome = run("sign", "raw", "k", "m")
    assert outcome.code == 3
    assert f"'signward approve {DIGEST.hex()} --expires 10m'" in outcome.stderr
