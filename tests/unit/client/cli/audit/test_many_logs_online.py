"""Commands that ask a daemon with several logs."""

from __future__ import annotations

import json

import pytest
from signward.audit.checkpoints import parse_checkpoint
from signward.audit.log_list import FIRST, sign_log_list
from signward.audit.verifier_keys import parse_verifier_key

from tests.fakes.audit_log import KeyPair
from tests.fakes.spine.audit_log import FakeAuditLog
from tests.fakes.statuses import status


@pytest.fixture
def pair():
    return KeyPair("signward/0123456789abcdef")


@pytest.fixture
def logs(daemon, pair):
    """The first log, which the answering worker has, and that of worker 1; the list of them."""
    first, worker = daemon.log, FakeAuditLog(f"{pair.verifier.name}/worker-1")
    worker.pair = pair.under(worker.name)
    worker.key = worker.pair.verifier
    daemon.others = {worker.name: worker}
    for number in range(4):
        first.append(identity="cn:bot", key=f"k{number}")
        worker.append(identity="cn:bot", key=f"w{number}")
    daemon.list_note = listed(pair, "worker-1")
    return first, worker


def listed(pair, *folders):
    return sign_log_list(pair.verifier, pair.sign, (FIRST, *folders)).note


def test_query_merges_all_logs(run, logs):
    found = [json.loads(line)["key"] for line in run("audit", "query", "--json").stdout.split()]
    assert found == ["k0", "w0", "k1", "w1", "k2", "w2", "k3", "w3"]
    table = run("audit", "query", "--limit", "2").stdout.splitlines()
    assert [line.split()[0] for line in table] == ["LOG", "worker-0", "worker-1"]
    outcome = run("audit", "query", "--log", "worker-1", "--json", "--start", "3")
    assert json.loads(outcome.stdout)["key"] == "w3"
    assert run("audit", "query", "--start", "3").code == 4


def test_who_may_not_ask_which_logs_there_are_sees_one(run, daemon, logs):
    daemon.plan("GetCheckpoint", status("PERMISSION_DENIED", "POLICY_DENIED"))
    outcome = run("audit", "query", "--json")
    assert len(outcome.stdout.splitlines()) == 4
    assert "this is one of them" in outcome.stderr


def test_tail_shows_the_last_of_each_log(run, logs):
    lines = run("audit", "tail", "--last", "1").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["worker-0", "3"], ["worker-1", "3"]]


def test_checkpoints_and_proofs_of_a_named_log(run, bare_run, logs, pair, tmp_path):
    kept, proof = tmp_path / "kept", tmp_path / "proof"
    key = str(pair.verifier)
    name = ("--log", "worker-1")
    assert run("audit", "checkpoint", "--key", key, *name, "--out", str(kept)).code == 0
    assert parse_checkpoint(kept.read_bytes()).origin.endswith("/worker-1")
    logs[1].append()
    assert run("audit", "checkpoint", "--key", key, "--since", str(kept)).code == 0
    assert run("audit", "checkpoint", "--key", key).code == 1
    made = run("audit", "proof", "--sequence", "2", *name)
    proof.write_text(made.stdout)
    assert bare_run("audit", "check-proof", str(proof), "--key", key).code == 0
    assert run("audit", "proof", "--from", str(kept)).code == 0


@pytest.fixture
def witness(run, pair, tmp_path):
    from signward.audit.witness_keys import make_witness_key

    own = tmp_path / "own"
    own.write_text(make_witness_key("example.org/witness").text())
    own.chmod(0o600)

    def look():
        return run(
            "audit", "witness", "--key", str(pair.verifier), "--state", str(tmp_path / "state"),
            "--cosign-key", str(own), "--out", str(tmp_path / "out"), "--once",
        )  # fmt: skip

    return look


def test_a_witness_follows_every_log_of_the_list(witness, daemon, logs, pair, tmp_path):
    assert witness().code == 0
    for name, log in (("", logs[0]), (".worker-1", logs[1])):
        for kind in ("state", "out"):
            checkpoint = parse_checkpoint((tmp_path / f"{kind}{name}").read_bytes())
            assert (checkpoint.origin, checkpoint.size) == (log.name, 4)
    assert (tmp_path / "state.logs").read_bytes() == daemon.list_note
    logs[1].append()
    outcome = witness()
    assert outcome.code == 0
    assert "going on from 4 records of worker-1" in outcome.stderr
    assert parse_checkpoint((tmp_path / "out.worker-1").read_bytes()).size == 5


def test_s36_a_witness_misses_a_log_that_the_list_forgets(witness, daemon, pair, logs):
    both = daemon.list_note
    assert witness().code == 0
    for note, kind in (
        (b"", "rolled-back"),
        (listed(pair), "rolled-back"),
        (listed(pair, "worker-2"), "list"),
        (b"none", "list"),
        (listed(KeyPair("thief").under(pair.verifier.name), "worker-1"), "list"),
    ):
        daemon.list_note = note
        outcome = witness()
        assert (outcome.code, f"NOT COSIGNED, {kind}" in outcome.stderr) == (1, True)
    daemon.list_note = both
    assert witness().code == 0


def test_s36_a_witness_misses_records_of_any_log(witness, daemon, logs):
    assert witness().code == 0
    logs[1].bodies.pop()
    outcome = witness()
    assert outcome.code == 1
    assert "NOT COSIGNED, rolled-back" in outcome.stderr


def test_a_list_that_a_witness_cannot_read_any_more_is_no_state(witness, logs, tmp_path):
    assert witness().code == 0
    (tmp_path / "state.logs").write_bytes(b"none")
    outcome = witness()
    assert outcome.code == 2
    assert "is not a list of these logs" in outcome.stderr


def test_a_log_that_comes_later_is_followed_from_then_on(witness, daemon, pair, logs, tmp_path):
    note, daemon.list_note = daemon.list_note, b""
    assert witness().code == 0
    assert not (tmp_path / "state.worker-1").exists()
    daemon.list_note = note
    assert witness().code == 0
    assert (tmp_path / "state.worker-1").exists()
    assert parse_verifier_key(str(pair.verifier)) == pair.verifier
