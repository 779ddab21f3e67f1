"""Commands on a home with several logs."""

from __future__ import annotations

import json
import shutil

import pytest
from signward.audit.log_list import LIST_NAME

from tests.fakes.many_logs import ManyLogs


@pytest.fixture
def home(tmp_path):
    """Three logs whose records are of the same times."""
    (tmp_path / "home").mkdir()
    home = ManyLogs(tmp_path / "home" / "audit", 2)
    home.fill()
    home.pin()
    home.fill(2)
    (tmp_path / "home" / "audit.pub").write_text(f"{home.key}\n")
    return home


@pytest.fixture
def audit(bare_run, home):
    def run(command, *arguments):
        return bare_run("audit", command, str(home.folder.parent), *map(str, arguments))

    return run


def test_verify_shows_every_log_and_the_list(audit, home):
    outcome = audit("verify", "--key", home.key)
    assert outcome.code == 0, outcome.stderr
    lines = outcome.stdout.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("log ")] == list(home.list.origins)
    assert lines[-2:] == ["3 logs in the list", "intact"]
    fields = json.loads(audit("verify", "--key", home.key, "--json").stdout)
    assert (fields["intact"], fields["listed"], fields["listFindings"]) == (True, 3, [])
    assert [log["size"] for log in fields["others"]] == [5, 5]


def test_verify_misses_what_is_gone(audit, home):
    shutil.rmtree(home.folder / "worker-2")
    outcome = audit("verify", "--key", home.key)
    assert outcome.code == 1
    assert "missing-log" in outcome.stdout
    assert outcome.stdout.endswith("NOT INTACT\n")
    assert audit("verify", "--key", home.key, "--log", "worker-1").code == 0
    assert audit("verify", "--key", home.key, "--log", "worker-2").code == 4


def test_verify_says_in_which_log_something_is(audit, home):
    path = next((home.folder / "worker-2").glob("*.checkpoints"))
    path.write_bytes(b"")
    outcome = audit("verify", "--key", home.key)
    assert outcome.code == 1
    assert "worker-2" in next(line for line in outcome.stdout.splitlines() if "unsigned" in line)


def test_verify_takes_lists_and_checkpoints_of_any_log(audit, home, tmp_path):
    kept, newer = tmp_path / "kept", tmp_path / "newer"
    kept.write_bytes(home.list.note)
    newer.write_bytes(home.signed(*home.others, "worker-3").note)
    seen = tmp_path / "seen"
    seen.write_bytes(home.others["worker-1"].note)
    assert audit("verify", "--key", home.key, "--logs", kept, "--since", seen).code == 0
    assert audit("verify", "--key", home.key, "--logs", newer).code == 1
    kept.write_bytes(b"none")
    assert audit("verify", "--key", home.key, "--logs", kept).code == 2


@pytest.mark.parametrize("name", ["worker-0", ".", "signward/0123456789abcdef"])
def test_one_log_can_be_named(audit, home, name):
    assert audit("verify", "--key", home.key, "--log", name, "--json").code == 0
    outcome = audit("export", "--log", name)
    assert len(outcome.stdout.splitlines()) == 6


def test_records_are_merged_by_time_and_then_by_log(audit, home):
    lines = [json.loads(line) for line in audit("query", "--json").stdout.splitlines()]
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    assert len(lines) == 16
    assert audit("export").stdout == audit("query", "--json").stdout
    table = audit("query", "--event", "signature").stdout.splitlines()
    assert table[0].split()[:2] == ["LOG", "SEQUENCE"]
    assert [row.split()[:2] for row in table[1:7]] == [
        [log, str(number)] for number in range(2) for log in ("worker-0", "worker-1", "worker-2")
    ]
    assert "worker" not in audit("query", "--log", "worker-1").stdout


def test_a_number_needs_a_log(audit):
    for command in (("query", "--start", 1), ("export", "--start", 1), ("proof", "--sequence", 1)):
        outcome = audit(*command)
        assert outcome.code == 4
        assert "name one with --log" in outcome.stderr
        assert audit(*command, "--log", "worker-1").code == 0


def test_proofs_of_any_log_are_checked_with_the_one_key(audit, bare_run, home, tmp_path):
    proof, seen = tmp_path / "proof", tmp_path / "seen"
    proof.write_text(audit("proof", "--sequence", 4, "--log", "worker-2").stdout)
    outcome = bare_run("audit", "check-proof", str(proof), "--key", str(home.key))
    assert outcome.code == 0
    assert f"in the log {home.key.name}/worker-2" in outcome.stdout
    seen.write_bytes(home.others["worker-1"].note)
    proof.write_text(audit("proof", "--from", seen).stdout)
    outcome = bare_run("audit", "check-proof", str(proof), "--key", str(home.key))
    assert outcome.code == 0
    assert "worker-1" in outcome.stdout


def test_a_home_without_its_list_is_shown_and_not_intact(audit, home):
    (home.folder / LIST_NAME).unlink()
    assert len(audit("export").stdout.splitlines()) == 16
    assert audit("verify", "--key", home.key).code == 1
