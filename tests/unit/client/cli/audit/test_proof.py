"""``signward audit proof`` and ``check-proof``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from signward.audit.segments import segment_name

from tests.fakes.audit_log import KeyPair, LogWriter, cosigned


@pytest.fixture
def prove(bare_run, log, tmp_path):
    """Make a proof; return the outcome, and the file if there is one."""

    def run(*arguments: str) -> tuple:
        target = tmp_path / f"proof-{len(list(tmp_path.glob('proof-*')))}"
        options = ("--output", str(target), *arguments)
        return bare_run("audit", "proof", str(log.folder), *options), target

    return run


@pytest.fixture
def check(bare_run, log):
    def run(path: Path, *arguments: str):
        return bare_run("audit", "check-proof", str(path), "--key", str(log.key), *arguments)

    return run


def test_every_record_has_a_proof_to_each_checkpoint_after_it(prove, check):
    for size in (None, 3, 7, 10):
        for sequence in {0, 2, (size or 10) - 1}:
            options = () if size is None else ("--size", str(size))
            outcome, path = prove("--sequence", str(sequence), *options)
            assert outcome.code == 0
            outcome = check(path, "--json")
            assert outcome.code == 0
            answer = outcome.json
            assert (answer["valid"], answer["proof"]) == (True, "inclusion")
            assert (answer["sequence"], answer["size"]) == (sequence, size or 10)
            assert answer["record"]["seq"] == sequence


def test_people_see_the_record(prove, check, log):
    _, path = prove("--sequence", "7")
    outcome = check(path)
    lines = outcome.stdout.splitlines()
    assert lines[0] == f"valid: record 7 is in the log {log.key.name} of 10 records"
    assert json.loads(lines[1])["outcome"] == "POLICY_DENIED"


@pytest.mark.parametrize("first", ["3", "7", "10", "old"])
def test_the_log_goes_on_from_each_checkpoint(prove, check, home, first):
    given = str(home / "old") if first == "old" else first
    outcome, path = prove("--from", given)
    assert outcome.code == 0
    size = 3 if first == "old" else int(first)
    assert check(path, "--json").json == {
        "valid": True, "proof": "consistency", "log": "signward/0123456789abcdef",
        "first": size, "second": 10,
    }  # fmt: skip
    assert f"of 10 records begins with the {size} that it had before" in check(path).stdout


def test_the_newer_checkpoint_may_be_chosen(prove, check):
    _, path = prove("--from", "3", "--to", "7")
    assert check(path, "--json").json["second"] == 7


@pytest.mark.parametrize("hashes", [None, b"", bytes(64), bytes(64 * 20)])
def test_proofs_do_not_need_stored_hashes(prove, check, log, hashes):
    path = log.folder / "hashes"
    path.unlink()
    if hashes is not None:
        path.write_bytes(hashes)
    for arguments in (("--sequence", "2"), ("--from", "3")):
        outcome, made = prove(*arguments)
        assert outcome.code == 0
        assert check(made).code == 0


def test_a_shortened_log_proves_with_stored_hashes_alone(prove, check, log):
    (log.folder / segment_name(0)).unlink()
    outcome, path = prove("--sequence", "8")
    assert outcome.code == 0
    assert check(path).code == 0
    (log.folder / "hashes").unlink()
    outcome, _ = prove("--sequence", "8")
    assert outcome.code == 4
    assert "hashes of older records are not stored" in outcome.stderr


def test_the_checkpoint_of_a_header_serves_as_well(prove, check, log):
    log.rotate()
    for path in log.folder.glob("*.checkpoints"):
        path.unlink()
    outcome, path = prove("--sequence", "9")
    assert outcome.code == 0
    assert check(path, "--json").json["size"] == 10


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("--sequence", "10"), 4, "record 10 is not in this log"),
        (("--sequence", "5", "--size", "3"), 4, "record 5 is newer than a log of 3 records"),
        (("--sequence", "5", "--size", "8"), 4, "no checkpoint of 8 records"),
        (("--from", "4"), 4, "no checkpoint of 4 records"),
        (("--from", "7", "--to", "3"), 4, "of 3 records only"),
        (("--from", "nowhere"), 2, "nowhere"),
        ((), 2, "give either --sequence or --from"),
        (("--sequence", "1", "--from", "3"), 2, "give either --sequence or --from"),
        (("--sequence", "1", "--to", "3"), 2, "--to goes with --from"),
        (("--from", "3", "--size", "3"), 2, "--size goes with --sequence"),
    ],
)
def test_what_cannot_be_proved_is_told(prove, arguments, code, why):
    outcome, path = prove(*arguments)
    assert outcome.code == code
    assert why in outcome.stderr
    assert not path.exists()


def test_a_log_without_checkpoints_proves_nothing(bare_run, tmp_path):
    log = LogWriter(tmp_path / "log")
    log.add(1)
    outcome = bare_run("audit", "proof", str(log.folder), "--sequence", "0")
    assert (outcome.code, outcome.stdout) == (4, "")
    assert "no checkpoint is in this log" in outcome.stderr


def test_a_log_that_was_changed_proves_nothing(prove, log, tmp_path):
    liar = LogWriter(tmp_path / "liar", log.key.name)
    liar.add(4, note="other")
    kept = tmp_path / "kept"
    kept.write_bytes(liar.checkpoint())
    outcome, _ = prove("--from", str(kept))
    assert outcome.code == 1
    assert "its records are not those of the checkpoint" in outcome.stderr


def test_a_proof_goes_to_standard_output_or_a_new_file(bare_run, prove, check, log, tmp_path):
    outcome = bare_run("audit", "proof", str(log.folder), "--sequence", "1")
    path = tmp_path / "proof"
    path.write_text(outcome.stdout)
    assert check(path).code == 0
    outcome = bare_run("audit", "proof", str(log.folder), "--sequence", "2", "--output", str(path))
    assert outcome.code == 2
    assert check(path, "--json").json["sequence"] == 1


class TestForgeries:
    @pytest.fixture
    def inclusion(self, prove) -> dict:
        return json.loads(prove("--sequence", "4")[1].read_text())

    @pytest.fixture
    def consistency(self, prove) -> dict:
        return json.loads(prove("--from", "3")[1].read_text())

    def _refused(self, check, tmp_path: Path, content: object, why: str = "") -> None:
        path = tmp_path / "forged"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        outcome = check(path, "--json")
        assert (outcome.code, outcome.json["valid"]) == (1, False), content
        assert why in outcome.json["reason"]
        outcome = check(path)
        assert outcome.code == 1
        assert outcome.stdout.startswith("not valid: ")

    def test_another_record_is_refused(self, check, tmp_path, inclusion):
        record = inclusion["record"].replace("apikey:bot", "apikey:me")
        self._refused(check, tmp_path, inclusion | {"record": record}, "does not hold")
        self._refused(check, tmp_path, inclusion | {"record": record + "\u00e9"}, "not a proof")

    def test_another_number_is_refused(self, check, tmp_path, inclusion):
        for sequence in (3, 5, -1, 10, True, "4", 4.0):
            self._refused(check, tmp_path, inclusion | {"sequence": sequence})

    def test_other_hashes_are_refused(self, check, tmp_path, inclusion, consistency):
        for kept in (inclusion, consistency):
            hashes = kept["hashes"]
            for other in ([], hashes[1:], hashes[::-1], [*hashes, hashes[0]], ["A"], None, [1],
                          hashes[0], [hashes[0][:-4]], hashes * 40):  # fmt: skip
                self._refused(check, tmp_path, kept | {"hashes": other})

    def test_other_checkpoints_are_refused(self, check, tmp_path, inclusion, consistency, log):
        thief = KeyPair("thief")
        from signward.audit.checkpoints import sign_checkpoint

        root = log.tree.root()
        forged = sign_checkpoint(log.key, thief.sign, 10, root).decode()
        foreign = sign_checkpoint(thief.verifier, thief.sign, 10, root).decode()
        for note, why in ((forged, "not one of"), (foreign, "another log"), ("", "")):
            self._refused(check, tmp_path, inclusion | {"checkpoint": note}, why)
            self._refused(check, tmp_path, consistency | {"second": note}, why)
            self._refused(check, tmp_path, consistency | {"first": note}, why)
        swapped = consistency | {
            "first": consistency["second"],
            "second": consistency["first"],
        }
        self._refused(check, tmp_path, swapped, "does not hold")

    def test_whatever_is_no_proof_is_refused(self, check, tmp_path, inclusion):
        for content in ("", "[]", "{}", "null", "[" * 5000, '{"format":"x"}', "1e999"):
            self._refused(check, tmp_path, content)
        for change in ({"proof": "x"}, {"format": "signward-audit-proof/2"}, {"record": 1}):
            self._refused(check, tmp_path, inclusion | change)

    def test_a_record_that_says_another_number_is_refused(self, check, tmp_path, bare_run):
        log = LogWriter(tmp_path / "odd")
        from signward.audit.records import encode_record

        from tests.fakes.audit_log import record

        log.add_bodies([encode_record(record(5))])
        log.checkpoint()
        path = tmp_path / "odd-proof"
        made = bare_run("audit", "proof", str(log.folder), "--sequence", "0")
        path.write_text(made.stdout)
        outcome = check(path)
        assert outcome.code == 1
        assert "number 5" in outcome.stdout

    def test_a_file_that_is_too_long_is_a_usage_error(self, check, tmp_path):
        path = tmp_path / "long"
        path.write_bytes(b" " * ((4 << 20) + 1))
        assert check(path).code == 2
        assert check(tmp_path / "nowhere").code == 2


class TestWitnesses:
    def test_a_proof_shows_that_a_witness_has_seen_the_log(self, prove, check, log, witness):
        _, path = prove("--sequence", "4")
        fields = json.loads(path.read_text())
        fields["checkpoint"] = cosigned(log.note, witness).decode()
        assert check(path, "--witness", str(witness.verifier)).code == 1
        path.write_text(json.dumps(fields))
        outcome = check(path, "--witness", str(witness.verifier))
        assert outcome.code == 0
        assert "seen by example.org/witness at 2027-01-15T08:00:00Z" in outcome.stdout

    def test_a_time_beyond_all_calendars_is_shown(self, prove, check, log, witness):
        _, path = prove("--from", "3")
        fields = json.loads(path.read_text())
        fields["second"] = cosigned(log.note, witness, 2**62).decode()
        path.write_text(json.dumps(fields))
        outcome = check(path, "--witness", str(witness.verifier))
        assert "at 9999-12-31T23:59:59Z" in outcome.stdout
