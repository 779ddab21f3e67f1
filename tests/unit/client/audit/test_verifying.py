"""Logs that are intact, and what is said of them."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from signward.audit import checkpoint_files, scanning, segment_list
from signward.audit.checkpoints import sign_checkpoint
from signward.audit.errors import AuditError
from signward.audit.findings import Kind, Severity
from signward.audit.folder import mapped
from signward.audit.segments import segment_name
from signward.audit.stored import stored_hash_index
from signward.audit.verifying import Report, verify_log

from tests.fakes.audit_log import KeyPair, LogWriter
from tests.unit.client.audit.damage import given, kinds, read_frames


def _verified(log: LogWriter, **options) -> Report:
    return verify_log(log.folder, log.key, **options)


def test_an_intact_log_is_proved_to_its_end(log):
    report = _verified(log)
    assert report.intact
    assert report.findings == ()
    assert (report.first, report.size, report.proved) == (0, 12, 12)
    assert (report.segments, report.checkpoints) == (3, 7)
    assert report.log == log.key.name
    assert report.bytes == sum(path.stat().st_size for path in log.folder.glob("*.log"))


def test_a_log_without_records_is_proved_by_its_first_checkpoint(tmp_path):
    log = LogWriter(tmp_path / "log")
    assert kinds(_verified(log)) == [Kind.UNSIGNED, Kind.HASHES_APART]
    log.checkpoint()
    report = _verified(log)
    assert report.intact
    assert (report.size, report.proved) == (0, 0)


def test_no_log_is_no_verdict(tmp_path):
    with pytest.raises(AuditError, match="no audit log"):
        verify_log(tmp_path, KeyPair("x").verifier)
    with pytest.raises(FileNotFoundError):
        verify_log(tmp_path / "nowhere", KeyPair("x").verifier)


def test_records_after_the_newest_checkpoint_are_told_of(log):
    log.add(3)
    report = _verified(log)
    assert report.intact
    assert (report.size, report.proved) == (15, 12)
    (finding,) = report.findings
    assert (finding.kind, finding.first, finding.last) == (Kind.UNSIGNED_TAIL, 12, 14)
    assert finding.severity is Severity.NOTE


@pytest.mark.parametrize("cut", [1, 7, 8, 9, 100])
def test_a_frame_that_was_not_written_to_its_end_is_told_of(log, cut):
    log.add(2)
    path = log.folder / segment_name(9)
    path.write_bytes(path.read_bytes()[:-cut])
    report = _verified(log)
    assert report.intact
    assert Kind.TORN_TAIL in kinds(report)
    assert report.size == 13


def test_a_discarded_tail_is_told_of(log):
    log.rotate(discarded=b"whatever was left of a failed write")
    log.add(1)
    log.checkpoint()
    report = _verified(log)
    assert report.intact
    (finding,) = report.findings
    assert (finding.kind, finding.file) == (Kind.DISCARDED_TAIL, segment_name(9))
    assert "35 bytes" in finding.text


def test_checkpoints_made_before_a_failed_write_hold_after_it(log):
    """The segment that failed keeps a checkpoint of records that were written again elsewhere."""
    path = log.folder / segment_name(9)
    before = path.stat().st_size
    nodes = log.tree.copy()
    log.add(2)
    log.checkpoint()
    again, frames = log.tree, read_frames(path)[-2:]
    log.tree = nodes
    path.write_bytes(path.read_bytes()[:before])
    hashes = log.folder / "hashes"
    hashes.write_bytes(hashes.read_bytes()[: (2 * 12 - 2) * 32])
    log.rotate(signed=False, discarded=b"torn")
    log.add_bodies(frames)
    assert log.tree.root() == again.root()
    log.add(1)
    log.checkpoint()
    report = _verified(log)
    assert kinds(report) == [Kind.DISCARDED_TAIL]
    assert report.proved == 15
    # ... and they are not forgotten when the records are.
    last = log.folder / segment_name(12)
    last.write_bytes(last.read_bytes()[: -3 * 200])
    (log.folder / "00000000000000000012.checkpoints").write_bytes(b"")
    report = _verified(log)
    assert Kind.TRUNCATED in kinds(report)


def _behead(log: LogWriter) -> None:
    for path in log.folder.glob("00000000000000000000.*"):
        path.unlink()


def _say_retained(log: LogWriter, first: object = 5, **fields: object) -> None:
    log.add(1, **({"event": "retained", "details": {"first": first}} | fields))


def test_s36_a_log_whose_beginning_somebody_removed_is_not_intact(log):
    _behead(log)
    for options in ({}, {"given": [given(log.note)]}, {"floor": 4}, {"floor": 0}):
        report = _verified(log, **options)
        assert not report.intact
        (finding,) = report.findings
        assert (finding.kind, finding.severity) == (Kind.SHORTENED, Severity.ERROR)
        assert (finding.first, finding.last) == (0, 4)


@pytest.mark.parametrize("first", [5, 9])
def test_a_log_that_retention_shortened_is_proved_from_where_it_begins(log, first):
    _say_retained(log, first)
    log.checkpoint()
    _behead(log)
    report = _verified(log)
    assert report.intact
    assert (report.first, report.size, report.proved) == (5, 13, 13)
    (finding,) = report.findings
    assert (finding.kind, finding.first, finding.last) == (Kind.RETAINED, 0, 4)
    assert "record 12 says" in finding.text


def test_retention_is_not_said_by_what_only_looks_like_it(log):
    for first in (4, "5", None):
        _say_retained(log, first)
    _say_retained(log, event="signature", intent={"event": "retained"})
    log.checkpoint()
    _say_retained(log)  # no checkpoint covers it
    _behead(log)
    report = _verified(log)
    assert kinds(report) == [Kind.SHORTENED, Kind.UNSIGNED_TAIL]
    assert not report.intact


@pytest.mark.parametrize("floor", [5, 6, 100])
def test_who_verifies_may_say_where_the_log_begins(log, floor):
    _behead(log)
    report = _verified(log, floor=floor)
    assert report.intact
    assert kinds(report) == [Kind.RETAINED]
    # ... and is not overruled by the log
    _say_retained(log)
    log.checkpoint()
    assert kinds(_verified(log, floor=3)) == [Kind.SHORTENED]


def test_stored_hashes_may_be_missing_or_behind(log):
    hashes = log.folder / "hashes"
    whole = hashes.read_bytes()
    for content in (whole[:-40], whole + bytes(32)):
        hashes.write_bytes(content)
        report = _verified(log)
        assert report.intact
        assert kinds(report) == [Kind.HASHES_APART]
    hashes.unlink()
    assert kinds(_verified(log)) == [Kind.HASHES_APART]


def test_what_is_not_of_the_log_is_told_of(log):
    (log.folder / "notes.txt").write_text("mine")
    report = _verified(log)
    assert report.intact
    assert [(f.kind, f.file) for f in report.findings] == [(Kind.UNKNOWN_FILE, "notes.txt")]


def test_what_the_daemon_keeps_for_itself_is_not_told_of(log):
    for name in ("00000000000000000005.uploaded", "00000000000000000012.log.new"):
        (log.folder / name).touch()
    assert _verified(log).findings == ()


@pytest.mark.parametrize("length", [0, 7, 8, 100])
def test_a_last_segment_that_was_never_begun_is_told_of(log, length):
    log.rotate()
    path = log.folder / segment_name(12)
    path.write_bytes(path.read_bytes()[:length])
    report = _verified(log, given=[given(log.note)])
    assert report.intact
    assert [(f.kind, f.file) for f in report.findings] == [(Kind.TORN_TAIL, path.name)]
    assert (report.size, report.proved) == (12, 12)
    path.with_suffix(".checkpoints").write_bytes(log.note)
    assert Kind.HEADER in kinds(_verified(log))


def test_several_processes_find_what_one_does(log, monkeypatch):
    monkeypatch.setattr("signward.audit.workers._WORTH_IT", 0)
    path = log.folder / segment_name(5)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    seen: list[tuple[int, int]] = []
    many = _verified(log, processes=2, progress=lambda done, total: seen.append((done, total)))
    assert many == _verified(log, processes=1)
    assert kinds(many) == [Kind.CHECKSUM]
    assert seen[-1] == (many.bytes, many.bytes)


@pytest.mark.parametrize("rotates", [False, True])
def test_a_log_that_grows_meanwhile_is_intact(log, monkeypatch, rotates):
    """Whatever is read of it, more is there a moment later."""

    def grow() -> None:
        log.add(1)
        log.checkpoint()
        if rotates:
            log.rotate()
            log.add(1)
            log.checkpoint()

    for module in (scanning, segment_list, checkpoint_files):
        monkeypatch.setattr(module, "mapped", _followed_by(grow))
    report = _verified(log, processes=1)
    assert report.intact, report.findings
    assert report.proved >= 12


def _followed_by(act):
    @contextmanager
    def wrapper(path):
        with mapped(path) as data:
            act()
            yield data

    return wrapper


def test_progress_reaches_the_end(log):
    seen: list[tuple[int, int]] = []
    report = _verified(log, progress=lambda done, total: seen.append((done, total)))
    total = seen[-1][1]
    assert total == report.bytes
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[0] == (0, total)


def test_checkpoints_of_much_more_than_there_is_are_read_once_for_each_file(tmp_path, monkeypatch):
    """Not once more for every later segment: that would take as long as somebody likes."""
    log = LogWriter(tmp_path / "log")
    for _ in range(40):
        log.add(1)
        log.rotate()
    far = sign_checkpoint(log.key, log.pair.sign, 1 << 62, bytes(32))
    (log.folder / "00000000000000000000.checkpoints").write_bytes(far + b"\n")
    read: list[str] = []

    @contextmanager
    def counted(path):
        read.append(path.name)
        with mapped(path) as data:
            yield data

    monkeypatch.setattr(checkpoint_files, "mapped", counted)
    assert Kind.TRUNCATED in kinds(_verified(log, processes=1))
    assert read.count("00000000000000000000.checkpoints") <= 3


class TestGivenCheckpoints:
    def test_s36_the_log_goes_on_from_each_that_it_signed(self, tmp_path):
        log = LogWriter(tmp_path / "log")
        notes = [log.checkpoint()]
        for _ in range(9):
            log.add(1)
            notes.append(log.checkpoint())
        log.rotate()
        log.add(1)
        log.checkpoint()
        report = _verified(log, given=[given(note) for note in notes])
        assert report.intact
        assert report.findings == ()

    def test_one_of_records_that_are_gone_is_bridged_by_stored_hashes(self, tmp_path):
        log = LogWriter(tmp_path / "log")
        log.add(3)
        old = log.checkpoint()
        log.add(4)
        log.checkpoint()
        log.rotate()
        log.add(2)
        log.checkpoint()
        for path in log.folder.glob("00000000000000000000.*"):
            path.unlink()
        report = _verified(log, given=[given(old)], floor=7)
        assert kinds(report) == [Kind.RETAINED]
        other = LogWriter(tmp_path / "other", log.key.name)
        other.add(3, note="another")
        report = _verified(log, given=[given(other.checkpoint())], floor=7)
        assert kinds(report) == [Kind.RETAINED, Kind.REWRITTEN]
        hashes = log.folder / "hashes"
        kept = hashes.read_bytes()
        leaf = stored_hash_index(0, 3) * 32
        for change in (kept[:leaf] + bytes(32) + kept[leaf + 32 :], kept[:64]):
            hashes.write_bytes(change)
            report = _verified(log, given=[given(old)], floor=7)
            assert Kind.UNDECIDED in kinds(report)
            assert not report.intact
        hashes.unlink()
        report = _verified(log, given=[given(old)], floor=7)
        assert Kind.UNDECIDED in kinds(report)
        assert not report.intact

    def test_a_copy_is_as_good_as_the_folder(self, log, tmp_path):
        copy = Path(shutil.copytree(log.folder, tmp_path / "copy"))
        assert verify_log(copy, log.key, given=[given(log.note)]).intact

    def test_one_that_nothing_newer_covers_is_undecided(self, tmp_path):
        log = LogWriter(tmp_path / "log")
        log.add(3)
        old = log.checkpoint()
        log.rotate(signed=False)
        log.add(2)
        for path in log.folder.glob("00000000000000000000.*"):
            path.unlink()
        report = _verified(log, given=[given(old)])
        assert Kind.UNSIGNED in kinds(report)
        assert not report.intact  # the given one is of the log's very beginning here
        log.checkpoint()
        assert _verified(log, given=[given(old)], floor=3).intact

    def test_the_empty_log_is_the_beginning_of_every_log(self, tmp_path):
        log = LogWriter(tmp_path / "log")
        empty = log.checkpoint()
        log.add(1)
        log.rotate()
        log.add(1)
        log.checkpoint()
        for path in log.folder.glob("00000000000000000000.*"):
            path.unlink()
        (log.folder / "hashes").unlink()
        assert _verified(log, given=[given(empty)], floor=1).intact
        lie = sign_checkpoint(log.key, log.pair.sign, 0, bytes(32))
        assert not _verified(log, given=[given(lie)], floor=1).intact
