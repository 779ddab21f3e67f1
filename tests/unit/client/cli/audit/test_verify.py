"""``signward audit verify``."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest
from signward.audit.segments import segment_name

from tests.fakes.audit_log import KeyPair


@pytest.fixture
def verify(bare_run, log):
    def run(*arguments: object):
        return bare_run("audit", "verify", str(log.folder), "--key", str(log.key), *arguments)

    return run


def _break(log) -> None:
    path = log.folder / segment_name(7)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def test_an_intact_log_is_shown(verify):
    outcome = verify()
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout.splitlines() == [
        "log          signward/0123456789abcdef",
        "records      0 to 9",
        "proved       0 to 9",
        "segments     2",
        "checkpoints  4",
        "intact",
    ]


def test_a_tail_without_a_checkpoint_is_no_error(verify, log):
    log.add(2)
    outcome = verify()
    assert outcome.code == 0
    assert "unsigned-tail" in outcome.stdout
    assert "records 10 to 11 are newer than the newest checkpoint" in outcome.stdout
    assert outcome.stdout.endswith("\nintact\n")


def test_a_beginning_that_is_gone_is_an_error_unless_it_may_be(verify, log):
    for path in log.folder.glob(f"{0:020}.*"):
        path.unlink()
    outcome = verify()
    assert outcome.code == 1
    assert "shortened" in outcome.stdout
    first = min(int(path.stem) for path in log.folder.glob("*.log"))
    assert verify("--from", first - 1).code == 1
    outcome = verify("--from", first)
    assert outcome.code == 0
    assert "retained" in outcome.stdout


def test_what_is_wrong_is_named_with_its_place(verify, log):
    _break(log)
    outcome = verify()
    assert outcome.code == 1
    name = segment_name(7)
    line = next(line for line in outcome.stdout.splitlines() if line.startswith("error"))
    assert line.split()[:2] == ["error", "checksum"]
    assert f"{name}:" in line
    assert "record 9" in line
    assert outcome.stdout.endswith("\nNOT INTACT\n")


def test_programs_get_all_of_it(verify, log):
    answer = verify("--json").json
    assert answer == {
        "log": log.key.name, "intact": True, "first": 0, "size": 10, "proved": 10, "segments": 2,
        "checkpoints": 4, "bytes": answer["bytes"], "findings": [], "leftOut": 0,
    }  # fmt: skip
    _break(log)
    outcome = verify("--json")
    assert (outcome.code, outcome.json["intact"]) == (1, False)
    (finding,) = outcome.json["findings"]
    assert (finding["kind"], finding["severity"]) == ("checksum", "error")
    assert (finding["file"], finding["first"]) == (segment_name(7), 9)
    assert finding["offset"] > 0


def test_a_home_brings_its_key_and_that_is_said(bare_run, home, log):
    for folder in (home, log.folder):
        outcome = bare_run("audit", "verify", str(folder))
        assert (outcome.code, outcome.stdout.endswith("intact\n")) == (0, True)
        assert "who could change the log may have changed it too" in outcome.stderr
    home.joinpath("audit.pub").unlink()
    outcome = bare_run("audit", "verify", str(home))
    assert outcome.code == 2
    assert "give the log's public key with --key" in outcome.stderr


def test_the_key_may_be_in_a_file(bare_run, home, log):
    path = home / "audit.pub"
    assert bare_run("audit", "verify", str(home), "--key", str(path)).code == 0
    for content, why in (("nonsense", "NAME+HASH+KEY"), ("x" * 5000, "too long")):
        path.write_text(content)
        outcome = bare_run("audit", "verify", str(home), "--key", str(path))
        assert outcome.code == 2
        assert why in outcome.stderr
    outcome = bare_run("audit", "verify", str(home), "--key", "nowhere")
    assert outcome.code == 2
    assert "nor is it a file" in outcome.stderr


def test_another_key_is_refused(bare_run, home):
    other = KeyPair("signward/fedcba9876543210")
    outcome = bare_run("audit", "verify", str(home), "--key", str(other.verifier))
    assert outcome.code == 1
    assert "the segment is of another log" in outcome.stdout


def test_a_folder_without_a_log_is_named(bare_run, log, tmp_path):
    key = ("--key", str(log.key))
    for folder, why in ((tmp_path, "no audit log"), (tmp_path / "nowhere", "no such file")):
        outcome = bare_run("audit", "verify", str(folder), *key)
        assert (outcome.code, outcome.stdout) == (4, "")
        assert why in outcome.stderr
    file = tmp_path / "file"
    file.touch()
    outcome = bare_run("audit", "verify", str(file), *key)
    assert outcome.code == 2
    assert "Not a directory" in outcome.stderr


class TestSince:
    def test_s36_the_log_goes_on_from_it(self, verify, home):
        outcome = verify("--since", str(home / "old"), "--since", str(home / "seen_by_nobody"))
        assert outcome.code == 2
        assert verify("--since", str(home / "old")).code == 0

    def test_a_file_of_checkpoints_with_one_is_one(self, verify, home):
        path = home / "old"
        path.write_bytes(path.read_bytes() + b"\n")
        assert verify("--since", str(path)).code == 0

    def test_s36_a_log_that_does_not_is_refused(self, verify, home, log, tmp_path):
        from tests.fakes.audit_log import LogWriter

        liar = LogWriter(tmp_path / "liar")
        liar.add(4, note="other")
        kept = tmp_path / "kept"
        kept.write_bytes(liar.checkpoint())
        outcome = verify("--since", str(kept))
        assert outcome.code == 1
        assert "rewritten" in outcome.stdout
        liar.add(20)
        kept.write_bytes(liar.checkpoint())
        assert "truncated" in verify("--since", str(kept)).stdout

    def test_s36_witnesses_are_asked_for(self, verify, home, witness):
        key = str(witness.verifier)
        seen = ("--since", str(home / "seen"), "--witness", key)
        assert verify(*seen).code == 0
        outcome = verify("--since", str(home / "old"), "--witness", key)
        assert outcome.code == 1
        assert "witness" in outcome.stdout
        outcome = verify("--witness", key)
        assert outcome.code == 2
        assert "--since" in outcome.stderr

    @pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff", b"x" * 1_000_001])
    def test_what_is_no_checkpoint_is_a_usage_error(self, verify, home, content):
        path = home / "bad"
        path.write_bytes(content)
        outcome = verify("--since", str(path))
        assert outcome.code == 2
        assert str(path) in outcome.stderr


def test_many_findings_are_bounded(verify, log):
    with (log.folder / "00000000000000000007.checkpoints").open("ab") as file:
        file.write(b"garbage\n\n" * 1500)
    outcome = verify()
    assert outcome.code == 1
    assert outcome.stdout.splitlines()[-2] == "and 500 more"


def test_a_terminal_gets_a_bar(verify, monkeypatch):
    class Terminal:
        def __init__(self, stream) -> None:
            self._stream = stream

        def isatty(self) -> bool:
            return True

        def __getattr__(self, name: str):
            return getattr(self._stream, name)

    seen: list[tuple[int, int]] = []
    module = import_module("signward.cli.audit.verify")  # the package has the command by that name

    class Bar(module.Progress):
        def update(self, task, **fields) -> None:
            seen.append((fields["completed"], fields["total"]))
            super().update(task, **fields)

    monkeypatch.setattr(module, "Progress", Bar)
    monkeypatch.setattr(module, "sys", type("S", (), {"stderr": Terminal(sys.stderr)}))
    assert verify().code == 0
    assert seen[-1][0] == seen[-1][1] > 0
