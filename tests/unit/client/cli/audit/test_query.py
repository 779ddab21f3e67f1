"""``signward audit query`` and ``export``."""

from __future__ import annotations

import json

import pytest
from signward.audit.segments import segment_name


@pytest.fixture
def query(bare_run, log):
    def run(*arguments: str, command: str = "query"):
        return bare_run("audit", command, str(log.folder), *arguments)

    return run


def _sequences(outcome) -> list[int]:
    assert (outcome.code, outcome.stderr) == (0, "")
    return [json.loads(line)["seq"] for line in outcome.stdout.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ((), list(range(10))),
        (("--identity", "apikey:bot"), [3, 4]),
        (("--key", "desk-1"), [3, 4]),
        (("--key", "key-1"), [1, 7]),
        (("--key", "key"), []),
        (("--outcome", "POLICY_DENIED"), [7, 8]),
        (("--outcome", "POLICY_DENIED", "--key", "key-2"), [8]),
        (("--event", "administration"), [5, 6]),
        (("--since", "2026-03-01T00:00:00.004Z"), list(range(4, 10))),
        (("--until", "2026-03-01T00:00:00.004Z"), list(range(4))),
        (("--until", "2026-03-01T02:00:00.004+02:00"), list(range(4))),
        (("--since", "2026-03-01T00:00:00.004Z", "--until", "2026-03-01T00:00:00.006Z"), [4, 5]),
        (("--limit", "2"), [0, 1]),
        (("--limit", "2", "--newest"), [8, 9]),
        (("--identity", "cn:a\x1b[31m"), [9]),
        (("--identity", '"'), []),
    ],
)
def test_what_fits_is_found(query, arguments, wanted):
    assert _sequences(query(*arguments, "--json")) == wanted


def test_the_last_hours_are_counted_from_now(query):
    """The log's records are of a fixed day; ten years reach it, or it is yet to come."""
    everything = _sequences(query("--json"))
    assert _sequences(query("--json", "--since", "3650d")) == everything
    assert _sequences(query("--json", "--until", "3650d")) == []


def test_people_get_a_table(query):
    lines = query("--key", "desk-1").stdout.splitlines()
    assert lines[0].split() == [
        "SEQUENCE", "TIME", "EVENT", "OUTCOME", "IDENTITY", "METHOD", "KEY", "VERSION",
    ]  # fmt: skip
    assert lines[1].split() == [
        "3", "2026-03-01T00:00:00.003000Z", "signature", "OK", "apikey:bot", "Sign", "desk-1", "1",
    ]  # fmt: skip
    assert len(lines) == 3


def test_nothing_in_a_record_steers_the_terminal(query):
    outcome = query("--newest", "--limit", "1")
    assert "cn:a?[31m" in outcome.stdout
    assert "\x1b" not in outcome.stdout
    assert query("--newest", "--limit", "1", "--json").stdout.isascii()


def test_times_are_times(query):
    for text in ("yesterday", "2026-03-01T00:00:00", "5"):
        outcome = query("--since", text)
        assert outcome.code == 2
        assert "neither how long ago" in outcome.stderr


def test_export_is_what_is_hashed(query, log, tmp_path):
    from signward.audit.folder import list_folder
    from signward.audit.reading import read_bodies

    lines = b"".join(body + b"\n" for _, body in read_bodies(list_folder(log.folder)))
    assert query(command="export").stdout.encode() == lines
    target = tmp_path / "out.jsonl"
    assert query("--output", str(target), command="export").code == 0
    assert target.read_bytes() == lines
    outcome = query("--output", str(target), command="export")
    assert outcome.code == 2
    assert "File exists" in outcome.stderr
    assert target.read_bytes() == lines


def test_export_takes_a_part(query):
    assert _sequences(query("--start", "6", command="export")) == [6, 7, 8, 9]
    assert _sequences(query("--start", "99", command="export")) == []
    assert _sequences(query("--outcome", "OK", "--start", "6", command="export")) == [6, 9]


def test_records_of_a_shortened_log_and_an_open_end_are_read(query, log):
    log.add(1)
    path = log.folder / segment_name(7)
    path.write_bytes(path.read_bytes()[:-5])
    (log.folder / segment_name(0)).unlink()
    assert _sequences(query("--json")) == [7, 8, 9]


def test_a_discarded_tail_is_passed_over(query, log):
    log.rotate(discarded=b"\0" * 50)
    log.add(1)
    assert _sequences(query("--json", "--newest", "--limit", "2")) == [9, 10]


def test_a_last_segment_that_was_never_begun_is_passed_over(query, log):
    log.rotate()
    path = log.folder / segment_name(10)
    path.write_bytes(path.read_bytes()[:50])
    assert _sequences(query("--json")) == list(range(10))


def test_damage_ends_it(query, log):
    path = log.folder / segment_name(0)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    for command in ("query", "export"):
        outcome = query(command=command)
        assert outcome.code == 1
        assert "record 6: its checksum is wrong; see 'signward audit verify'" in outcome.stderr


def test_a_record_that_is_none_ends_it(query, log):
    log.add_bodies([b'{"seq":10,"time":"x"}'])
    outcome = query("--json")
    assert outcome.code == 1
    assert "the record has not the fields of a record, number 10" in outcome.stderr


def test_no_log_is_told(bare_run, tmp_path):
    outcome = bare_run("audit", "query", str(tmp_path))
    assert outcome.code == 4
    assert "there is no audit log" in outcome.stderr
