"""``signward approve``, and the refusal that asks for it."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.fakes.statuses import status

DIGEST = bytes(range(32))


def test_a_request_is_approved_for_a_while(daemon, run):
    outcome = run("approve", DIGEST.hex(), "--expires", "10m", "--reason", "asked by phone")
    assert (outcome.code, outcome.stderr) == (0, "")
    [request] = daemon.calls("ApproveRequest")
    assert (request.digest, request.reason) == (DIGEST, "asked by phone")
    end = request.expire_time.ToDatetime(dt.UTC)
    assert end - dt.datetime.now(dt.UTC) == pytest.approx(
        dt.timedelta(minutes=10), abs=dt.timedelta(seconds=30)
    )
    assert dt.datetime.fromisoformat(outcome.stdout.strip()) == end


def test_json_says_when_it_ends(daemon, run):
    outcome = run("approve", DIGEST.hex(), "--expires", "2031-01-31T12:00:00Z", "--json")
    assert outcome.json == {"expireTime": "2031-01-31T12:00:00Z"}


@pytest.mark.parametrize("digest", ["", "00", "zz" * 32, "00" * 33])
def test_what_is_no_digest_is_a_usage_error(daemon, run, digest):
    outcome = run("approve", digest, "--expires", "10m")
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
