"""``signward audit witness`` and ``witness-key``, against a fake daemon."""

from __future__ import annotations

import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from signward.audit.checkpoints import (
    parse_checkpoint,
    sign_checkpoint,
    split_checkpoints,
    verify_checkpoint,
)
from signward.audit.cosignatures import verify_cosignature
from signward.audit.verifier_keys import KeyType, VerifierKey, parse_verifier_key

from tests.fakes.spine.audit_log import FakeAuditLog
from tests.fakes.statuses import status

NAME = "witness.example.org/w1"


@pytest.fixture
def log(daemon) -> FakeAuditLog:
    for _ in range(5):
        daemon.log.append()
    return daemon.log


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return {name: tmp_path / name for name in ("key", "state", "out")}


@pytest.fixture
def own(bare_run, files) -> VerifierKey:
    return parse_verifier_key(bare_run("audit", "witness-key", NAME, str(files["key"])).stdout)


@pytest.fixture
def witness(run, log, files, own):
    def run_it(*options: str):
        return run(
            "audit", "witness", "--key", str(log.key), "--state", str(files["state"]),
            "--cosign-key", str(files["key"]), *options,
        )  # fmt: skip

    return run_it


def _forged(size: int) -> FakeAuditLog:
    """Return another history, signed with the same key."""
    log = FakeAuditLog()
    for _ in range(size):
        log.append(note="forged")
    return log


# The key


def test_a_key_is_made_for_nobody_else_to_read(bare_run, files):
    outcome = bare_run("audit", "witness-key", NAME, str(files["key"]))
    assert (outcome.code, outcome.stderr) == (0, "")
    key = parse_verifier_key(outcome.stdout)
    assert (key.name, key.type) == (NAME, KeyType.COSIGNATURE)
    assert stat.S_IMODE(files["key"].stat().st_mode) == 0o600
    assert files["key"].read_text().startswith(f"PRIVATE+KEY+{NAME}+")


def test_no_key_takes_the_place_of_another(bare_run, files, own):
    before = files["key"].read_text()
    outcome = bare_run("audit", "witness-key", NAME, str(files["key"]))
    assert outcome.code == 2
    assert files["key"].read_text() == before


def test_a_name_that_cannot_be_one_leaves_no_file(bare_run, files):
    assert bare_run("audit", "witness-key", "a b", str(files["key"])).code == 2
    assert not files["key"].exists()


# Looking once


def test_a_checkpoint_is_cosigned(witness, files, log, own):
    outcome = witness("--once")
    assert outcome.code == 0
    checkpoint = parse_checkpoint(outcome.stdout.encode().removesuffix(b"\n"))
    verify_checkpoint(checkpoint, log.key)
    assert abs(verify_cosignature(checkpoint, own) - time.time()) < 60
    assert (checkpoint.size, checkpoint.root) == (5, log.root(5))
    assert files["state"].read_bytes() + b"\n" == outcome.stdout.encode()
    assert "is believed" in outcome.stderr
    log.append()
    outcome = witness("--once", "--out", str(files["out"]))
    assert (outcome.code, outcome.stdout) == (0, "")
    assert "going on from 5 records" in outcome.stderr
    assert files["out"].read_bytes() == files["state"].read_bytes()
    assert parse_checkpoint(files["out"].read_bytes()).size == 6


def test_what_was_cosigned_is_shown_again_where_nothing_is_new(witness, files, log):
    first = witness("--once").stdout
    assert witness("--once").stdout == first
    files["state"].chmod(0o400)
    assert witness("--once").stdout == first


@pytest.mark.parametrize(
    ("history", "kind"),
    [
        (lambda: _forged(9), "rewritten"),
        (lambda: _forged(5), "forked"),
        (lambda: _forged(2), "rolled-back"),
        (lambda: FakeAuditLog("signward/other"), "origin"),
    ],
)
def test_s36_another_history_is_shouted_about_and_kept(witness, files, daemon, log, history, kind):
    honest = witness("--once", "--out", str(files["out"])).code, files["out"].read_bytes()
    daemon.log = history()
    for _ in range(2):
        outcome = witness("--once", "--out", str(files["out"]))
        assert (outcome.code, outcome.stdout) == (1, "")
        assert f"NOT COSIGNED, {kind}: " in outcome.stderr
        [evidence] = files["state"].parent.glob("state.evidence-*")
        assert str(evidence) in outcome.stderr
        known, shown = (note for _, note in split_checkpoints(evidence.read_bytes()))
        assert known == files["state"].read_bytes()
        assert shown == daemon.log.checkpoint()
        assert (0, files["out"].read_bytes()) == honest
    daemon.log = log
    assert witness("--once").code == 0


def test_a_checkpoint_that_nobody_signed_is_refused(witness, files, daemon, log):
    key = VerifierKey(log.name, KeyType.ED25519, log.key.public_key)
    daemon.note = sign_checkpoint(key, lambda message: bytes(64), 5, log.root(5))
    outcome = witness("--once")
    assert outcome.code == 1
    assert "NOT COSIGNED, signature: " in outcome.stderr
    assert not files["state"].exists()
    [evidence] = files["state"].parent.glob("state.evidence-*")
    assert [note for _, note in split_checkpoints(evidence.read_bytes())] == [daemon.note]


def test_a_proof_that_does_not_hold_is_refused(witness, daemon, log):
    assert witness("--once").code == 0
    log.append()
    daemon.bent = True
    outcome = witness("--once")
    assert outcome.code == 1
    assert "NOT COSIGNED, rewritten: " in outcome.stderr


def test_a_proof_that_is_withheld_is_refused(witness, daemon, log):
    assert witness("--once").code == 0
    log.append()
    daemon.plan("GetAuditProof", status("INVALID_ARGUMENT", "FIELD_INVALID"))
    outcome = witness("--once")
    assert outcome.code == 1
    assert "NOT COSIGNED, undecided: " in outcome.stderr


def test_a_daemon_that_does_not_answer_is_no_contradiction(witness, files, daemon):
    daemon.plan("GetCheckpoint", status("UNAVAILABLE", "AUDIT_UNAVAILABLE"))
    outcome = witness("--once")
    assert outcome.code == 6
    assert not list(files["state"].parent.glob("state*"))


# What it is given


def test_a_state_that_is_damaged_is_not_begun_anew(witness, files, daemon):
    assert witness("--once").code == 0
    for content in (b"", files["state"].read_bytes()[:-9]):
        files["state"].write_bytes(content)
        seen = len(daemon.seen)
        outcome = witness("--once")
        assert outcome.code == 2
        assert "is not this witness's state" in outcome.stderr
        assert files["state"].read_bytes() == content
        assert len(daemon.seen) == seen


def test_a_state_of_another_witness_is_not_taken_over(witness, bare_run, files):
    assert witness("--once").code == 0
    files["key"].unlink()
    bare_run("audit", "witness-key", NAME, str(files["key"]))
    assert witness("--once").code == 2


def test_a_key_that_others_can_read_is_refused(witness, files):
    files["key"].chmod(0o640)
    outcome = witness("--once")
    assert outcome.code == 2
    assert "chmod 600" in outcome.stderr


def test_what_is_no_key_is_refused_and_not_repeated(witness, files):
    secret = "PRIVATE+KEY+w+00000000+c2VjcmV0"  # noqa: S105 -- none that opens anything
    files["key"].write_text(secret)
    outcome = witness("--once")
    assert outcome.code == 2
    assert "c2VjcmV0" not in outcome.stderr + outcome.stdout
    files["key"].unlink()
    assert witness("--once").code == 2


def test_what_cannot_be_remembered_is_not_shown(run, log, files, own, tmp_path):
    options = ("--key", str(log.key), "--cosign-key", str(files["key"]), "--once")
    outcome = run("audit", "witness", *options, "--state", str(tmp_path / "no" / "state"))
    assert (outcome.code, outcome.stdout) == (2, "")


def test_a_full_disk_is_named(witness, files, monkeypatch):
    def failing(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", failing)
    outcome = witness("--once")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert f"{files['state']}: No space left on device" in outcome.stderr
    assert not files["state"].exists()


# Following


@pytest.fixture
def signals():
    """Let a signal that comes too late do no harm."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


@contextmanager
def _meanwhile(events: Callable[[], None]) -> Iterator[None]:
    """Let things happen while the witness runs in this thread."""
    happening = threading.Thread(target=events)
    happening.start()
    yield
    happening.join()


def _looked(daemon, times: int) -> None:
    """Wait until the daemon was asked for a checkpoint so many times again."""
    end, wanted = time.monotonic() + 60, len(daemon.calls("GetCheckpoint")) + times
    while len(daemon.calls("GetCheckpoint")) < wanted:
        assert time.monotonic() < end
        time.sleep(0.01)


def _terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _sizes(outcome) -> list[int]:
    return [parse_checkpoint(n).size for _, n in split_checkpoints(outcome.stdout.encode())]


@pytest.mark.usefixtures("signals")
def test_it_follows_a_log_that_grows_until_it_is_told_to_end(witness, daemon, log):
    def grow() -> None:
        for _ in range(5):
            _looked(daemon, 2)
            log.append()
        _looked(daemon, 2)
        _terminate()

    with _meanwhile(grow):
        outcome = witness("--interval", "0s")
    assert outcome.code == 0
    sizes = _sizes(outcome)
    assert sizes == sorted(set(sizes)), "a checkpoint was cosigned twice or backwards"
    assert (min(sizes) in {5, 6}, max(sizes)) == (True, 10), "it missed more than an answer took"


@pytest.mark.usefixtures("signals")
def test_it_survives_a_daemon_that_is_away(witness, daemon, log):
    away = [status("UNAVAILABLE", "SHUTTING_DOWN", retry_after=0.0)] * 3
    refused = status("PERMISSION_DENIED", "POLICY_DENIED")  # while policies are changed
    daemon.plan("GetCheckpoint", *away)

    def events() -> None:
        _looked(daemon, 5)
        daemon.plan("GetCheckpoint", refused)
        log.append()
        _looked(daemon, 3)
        _terminate()

    with _meanwhile(events):
        outcome = witness("--interval", "0s")
    assert outcome.code == 0
    assert _sizes(outcome) == [5, 6]
    assert outcome.stderr.count("no checkpoint: ") == 2
    assert "no checkpoint: SHUTTING_DOWN" in outcome.stderr
    assert "answers again after 3 failures" in outcome.stderr
    assert "no checkpoint: POLICY_DENIED" in outcome.stderr


def test_a_right_that_is_missing_from_the_beginning_is_not_waited_for(witness, daemon):
    daemon.plan("GetCheckpoint", status("PERMISSION_DENIED", "POLICY_DENIED"))
    outcome = witness("--interval", "0s")
    assert outcome.code == 3


def test_following_ends_with_the_first_contradiction(witness, daemon, log):
    def events() -> None:
        _looked(daemon, 2)
        daemon.log = _forged(9)

    with _meanwhile(events):
        outcome = witness("--interval", "0s")
    assert outcome.code == 1
    assert "NOT COSIGNED, rewritten: " in outcome.stderr
    assert _sizes(outcome) == [5]
