"""Commands on a log that ask its daemon: ``checkpoint``, ``query``, ``tail`` and ``proof``."""

from __future__ import annotations

import json
import threading

import pytest

from tests.fakes.spine.audit_log import FakeAuditLog
from tests.fakes.statuses import status
from tests.running.waiting import eventually


@pytest.fixture
def log(daemon) -> FakeAuditLog:
    for number in range(12):
        daemon.log.append(
            identity="cn:bot" if number % 2 else "cn:other",
            outcome="OK",
            key=f"k{number % 3}",
            method="/signward.v1.SignService/Sign",
        )
    return daemon.log


def _sequences(outcome) -> list[int]:
    assert (outcome.code, outcome.stderr) == (0, "")
    return [json.loads(line)["seq"] for line in outcome.stdout.splitlines()]


# checkpoint


def test_a_checkpoint_is_shown_as_it_was_signed(run, log):
    outcome = run("audit", "checkpoint", "--key", str(log.key))
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout.encode() == log.checkpoint()


def test_a_checkpoint_that_was_not_verified_says_so(run, log):
    outcome = run("audit", "checkpoint")
    assert outcome.code == 0
    assert outcome.stdout.encode() == log.checkpoint()
    assert "not verified" in outcome.stderr


def test_a_checkpoint_is_saved(run, log, tmp_path):
    key = tmp_path / "audit.pub"
    key.write_text(f"{log.key}\n")
    out = tmp_path / "note"
    outcome = run("audit", "checkpoint", "--key", str(key), "--out", str(out), "--json")
    assert outcome.code == 0
    assert out.read_bytes() == log.checkpoint()
    assert outcome.json == {
        "log": log.name,
        "size": 12,
        "root": log.root(12).hex(),
        "checkpoint": log.checkpoint().decode(),
    }
    assert run("audit", "checkpoint", "--out", str(tmp_path / "no" / "note")).code == 2


def test_a_checkpoint_goes_on_from_an_older_one(run, daemon, log, tmp_path):
    known = tmp_path / "known"
    known.write_bytes(log.checkpoint_of(5))
    options = ("audit", "checkpoint", "--key", str(log.key), "--since", str(known))
    assert run(*options).code == 0
    daemon.log = FakeAuditLog()
    for _ in range(8):
        daemon.log.append(note="forged")
    outcome = run(*options)
    assert (outcome.code, outcome.stdout) == (1, "")
    assert "does not begin with the 5 that it had" in outcome.stderr
    outcome = run("audit", "checkpoint", "--since", str(known))
    assert outcome.code == 2
    known.write_bytes(FakeAuditLog("signward/other").checkpoint())
    assert "of another log" in run(*options).stderr


def test_a_checkpoint_of_another_key_is_not_valid(run, daemon, log):
    daemon.log = FakeAuditLog("signward/other")
    outcome = run("audit", "checkpoint", "--key", str(log.key))
    assert (outcome.code, outcome.stdout) == (1, "")
    assert "signward/other" in outcome.stderr


def test_a_daemon_without_a_checkpoint(run, daemon):
    daemon.plan("GetCheckpoint", status("UNAVAILABLE", "AUDIT_UNAVAILABLE"))
    outcome = run("audit", "checkpoint")
    assert outcome.code == 6
    assert "AUDIT_UNAVAILABLE" in outcome.stderr


# query


def test_records_are_asked_of_the_daemon_where_no_folder_is_given(run, daemon, log):
    assert _sequences(run("audit", "query", "--json")) == list(range(12))
    assert _sequences(run("audit", "query", "--identity", "cn:bot", "--json")) == [
        1,
        3,
        5,
        7,
        9,
        11,
    ]
    assert _sequences(run("audit", "query", "--key", "k1", "--start", "5", "--json")) == [7, 10]
    assert _sequences(run("audit", "query", "--limit", "2", "--newest", "--json")) == [10, 11]
    assert daemon.calls("ListAuditRecords")[0].page_size == 100


def test_all_that_is_wanted_is_sent(run, daemon, log):
    run(
        "audit", "query", "--event", "failure", "--outcome", "KEY_FROZEN",
        "--since", "2026-01-31T12:00:00Z", "--until", "2026-01-31T12:00:01Z",
    )  # fmt: skip
    [request] = daemon.calls("ListAuditRecords")
    wanted = request.filter
    assert (wanted.event, wanted.outcome) == ("failure", "KEY_FROZEN")
    assert wanted.since.ToJsonString() == "2026-01-31T12:00:00Z"
    assert wanted.until.ToJsonString() == "2026-01-31T12:00:01Z"


def test_a_line_is_what_was_hashed(run, log):
    lines = run("audit", "query", "--json").stdout.splitlines()
    assert [line.encode() for line in lines] == log.bodies


def test_people_get_a_table(run, log):
    header, first, *_ = run("audit", "query", "--limit", "1").stdout.splitlines()
    assert header.split()[:3] == ["SEQUENCE", "TIME", "EVENT"]
    assert first.split()[:4] == ["0", "2026-01-01T00:00:00.000000Z", "signature", "OK"]


def test_what_is_no_record_is_said_to_be_damage(run, daemon, log):
    log.bodies[3] = log.bodies[3].replace(b'"OK"', b' "OK"')
    outcome = run("audit", "query", "--json")
    assert outcome.code != 0
    assert "not canonical" in outcome.stderr


def test_the_key_of_the_connection_has_another_name_here(run, connection, log, monkeypatch):
    monkeypatch.delenv("SIGNWARD_KEY")
    assert run("audit", "query").code == 2
    assert run("audit", "query", "--private-key", connection["SIGNWARD_KEY"]).code == 0


def test_a_caller_who_may_not_is_told_so(run, daemon):
    daemon.plan("ListAuditRecords", status("PERMISSION_DENIED", "POLICY_DENIED"))
    outcome = run("audit", "query")
    assert outcome.code == 3
    assert "POLICY_DENIED" in outcome.stderr


# tail


def test_the_end_of_the_log(run, log):
    assert _sequences(run("audit", "tail", "--json")) == list(range(2, 12))
    assert _sequences(run("audit", "tail", "--last", "3", "--json")) == [9, 10, 11]
    assert _sequences(run("audit", "tail", "--last", "100", "--json")) == list(range(12))
    assert _sequences(run("audit", "tail", "--start", "8", "--key", "k2", "--json")) == [8, 11]
    line = run("audit", "tail", "--last", "1").stdout
    assert line == "11 2026-01-01T00:00:11.000000Z signature OK cn:bot Sign k2\n"


def test_what_comes_is_followed_until_the_caller_may_not_any_more(run, daemon, log):
    def events() -> None:
        eventually(lambda: 11 in daemon.tailed)
        log.append(identity="cn:bot", outcome="KEY_FROZEN")
        eventually(lambda: 12 in daemon.tailed)
        daemon.plan("TailAuditRecords", status("PERMISSION_DENIED", "POLICY_DENIED"))

    happening = threading.Thread(target=events)
    happening.start()
    outcome = run("audit", "tail", "--last", "1", "--follow", "--json")
    happening.join()
    assert outcome.code == 3
    assert [json.loads(line)["seq"] for line in outcome.stdout.splitlines()] == [11, 12]


def test_following_survives_a_daemon_that_is_away(run, daemon, log, monkeypatch):
    from signward.cli.audit import tail

    monkeypatch.setattr(tail, "_PAUSE", 0.01)

    def events() -> None:
        eventually(lambda: 11 in daemon.tailed)
        gone = status("UNAVAILABLE", "SHUTTING_DOWN", retry_after=0.0)
        denied = status("PERMISSION_DENIED", "POLICY_DENIED")
        daemon.plan("TailAuditRecords", *[gone] * 5)
        log.append()
        eventually(lambda: 12 in daemon.tailed)
        daemon.plan("TailAuditRecords", denied)

    happening = threading.Thread(target=events)
    happening.start()
    outcome = run("audit", "tail", "--last", "1", "--follow", "--json")
    happening.join()
    assert outcome.code == 3
    assert [json.loads(line)["seq"] for line in outcome.stdout.splitlines()] == [11, 12]
    assert "going on with record 1" in outcome.stderr


def test_a_daemon_that_is_not_there_is_not_waited_for(run, daemon):
    daemon.plan("TailAuditRecords", *[status("UNAVAILABLE", "SHUTTING_DOWN", retry_after=0.0)] * 9)
    assert run("audit", "tail", "--follow").code == 6


# proof


@pytest.fixture
def check(bare_run, log, tmp_path):
    def run(text: str, *arguments: str):
        path = tmp_path / "proof"
        path.write_text(text)
        return bare_run("audit", "check-proof", str(path), "--key", str(log.key), *arguments)

    return run


@pytest.mark.parametrize("own", [True, False])
def test_a_proof_of_a_record_holds(run, daemon, check, log, own):
    daemon.own = own
    outcome = run("audit", "proof", "--sequence", "7")
    assert (outcome.code, outcome.stderr) == (0, "")
    answer = check(outcome.stdout, "--json").json
    assert (answer["valid"], answer["sequence"], answer["size"]) == (True, 7, 12)
    assert len(daemon.calls("ListAuditRecords")) == (0 if own else 1)


def test_a_proof_that_the_log_goes_on_holds(run, check, log, tmp_path):
    known = tmp_path / "known"
    known.write_bytes(log.checkpoint_of(5))
    out = tmp_path / "made"
    outcome = run("audit", "proof", "--from", str(known), "--output", str(out))
    assert (outcome.code, outcome.stdout) == (0, "")
    answer = check(out.read_text(), "--json").json
    assert (answer["first"], answer["second"]) == (5, 12)


def test_a_proof_that_does_not_hold_is_not_written(run, daemon, log, tmp_path):
    known = tmp_path / "known"
    known.write_bytes(log.checkpoint_of(5))
    daemon.bent = True
    for options in (("--sequence", "7"), ("--from", str(known))):
        outcome = run("audit", "proof", *options)
        assert (outcome.code, outcome.stdout) == (1, "")
        assert "proves nothing" in outcome.stderr


def test_a_record_that_is_not_shown(run, daemon, log):
    daemon.own = False
    daemon.plan("ListAuditRecords", status("PERMISSION_DENIED", "POLICY_DENIED"))
    assert run("audit", "proof", "--sequence", "7").code == 3
    assert run("audit", "proof", "--sequence", "12").code == 5


def test_a_record_that_the_daemon_does_not_show_is_not_proved(run, daemon, log):
    daemon.own, daemon.hidden = False, {7}
    outcome = run("audit", "proof", "--sequence", "7")
    assert (outcome.code, outcome.stdout) == (4, "")
    assert "record 7 is not in this log" in outcome.stderr


@pytest.mark.parametrize(
    "options", [("--from", "5"), ("--sequence", "1", "--size", "5"), ("--from", "x", "--to", "5")]
)
def test_what_takes_a_folder_says_so(run, daemon, options):
    outcome = run("audit", "proof", *options)
    assert outcome.code == 2
    assert "folder" in outcome.stderr
    assert daemon.seen == []


def test_commands_on_a_folder_load_no_grpc():
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from signward.cli.audit import app\n"
        "import signward.cli.audit.verify, signward.cli.audit.export\n"
        "import signward.cli.audit.check_proof\n"
        "assert 'grpc' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": "client"}, timeout=60, check=False
    )
    assert done.returncode == 0


def test_the_list_of_commands(bare_run):
    shown = bare_run("audit", "--help").stdout
    for name in ("verify", "query", "tail", "witness-key", "checkpoint"):
        assert name in shown
