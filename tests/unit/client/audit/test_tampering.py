"""Whatever is done to a log, verification sees it and says what it is."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from signward.audit.checkpoints import sign_checkpoint, split_checkpoints
from signward.audit.findings import Kind
from signward.audit.framing import encode_frame
from signward.audit.records import decode_record, encode_record
from signward.audit.segments import encode_header, read_header, segment_name
from signward.audit.verifier_keys import KeyType
from signward.audit.verifying import Report, verify_log

from tests.fakes.audit_log import KeyPair, LogWriter, cosigned
from tests.unit.client.audit.damage import given, kinds, read_frames, write_frames

_SEGMENTS = [segment_name(first) for first in (0, 5, 9)]
_CHECKPOINTS = [name.replace(".log", ".checkpoints") for name in _SEGMENTS]


def _verified(log: LogWriter, *notes: bytes) -> Report:
    return verify_log(log.folder, log.key, given=[given(note) for note in notes])


def _caught(report: Report, *wanted: Kind) -> None:
    assert not report.intact
    assert set(wanted) <= set(kinds(report)), report.findings


# Which findings may name a byte that was changed, by the kind of file.
_NAMES = {
    ".log": {Kind.CHECKSUM, Kind.HEADER, Kind.TRUNCATED, Kind.TORN_TAIL, Kind.SPLICED},
    ".checkpoints": {Kind.CHECKPOINT, Kind.SIGNATURE, Kind.ORIGIN, Kind.REPLAYED, Kind.TORN_TAIL,
                     Kind.TRUNCATED, Kind.UNSIGNED_TAIL},
    "": {Kind.HASHES},
}  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> LogWriter:
    """One record and two more: few bytes, so that each can be changed."""
    writer = LogWriter(tmp_path / "small", "a")
    writer.add(1)
    writer.checkpoint()
    writer.rotate()
    writer.add(2)
    writer.checkpoint()
    return writer


_FILES = ["hashes", *(f"{first:020}.{kind}" for first in (0, 1) for kind in ("log", "checkpoints"))]


@pytest.mark.parametrize("name", _FILES)
def test_every_changed_byte_is_found_in_its_file(small, name):
    path = small.folder / name
    original = path.read_bytes()
    for at in range(len(original)):
        data = bytearray(original)
        data[at] ^= (0x01, 0x20, 0x80, 0xFF)[at % 4]
        path.write_bytes(data)
        report = _verified(small)
        found = [finding for finding in report.findings if finding.file == name]
        assert found, (at, report.findings)
        assert {finding.kind for finding in found} <= _NAMES[path.suffix], (at, found)
        torn = path.suffix == ".checkpoints" and kinds(report)[0] is Kind.TORN_TAIL
        assert torn or not report.intact, (at, found)
    path.write_bytes(original)
    assert _verified(small).intact


@pytest.mark.parametrize("name", _FILES[1:])
def test_every_way_to_cut_a_file_is_found(small, name):
    path, last = small.folder / name, name == _FILES[-1]
    original = path.read_bytes()
    for length in range(len(original)):
        path.write_bytes(original[:length])
        report = _verified(small, small.note)
        # Where a checkpoint is missing, the next one covers what it did.
        assert report.intact is (path.suffix == ".checkpoints" and not last), length
        if last:
            assert Kind.ROLLED_BACK in kinds(report)
            report = _verified(small)
            assert Kind.UNSIGNED_TAIL in kinds(report)
            assert report.proved == 1
        elif path.suffix == ".checkpoints" and length:
            assert kinds(report) == [Kind.TORN_TAIL]


def test_a_changed_record_is_found_between_its_checkpoints(log):
    path = log.folder / _SEGMENTS[0]
    bodies = read_frames(path)
    bodies[3] = bodies[3].replace(b"key-0", b"key-9")
    write_frames(path, bodies)
    report = _verified(log)
    _caught(report, Kind.CHANGED, Kind.HASHES)
    changed = next(f for f in report.findings if f.kind is Kind.CHANGED)
    assert (changed.file, changed.first, changed.last) == (_SEGMENTS[0], 3, 4)
    hashes = next(f for f in report.findings if f.kind is Kind.HASHES)
    assert hashes.first == 3
    assert len([k for k in kinds(report) if k is Kind.CHANGED]) == 1


@pytest.mark.parametrize("segment", [0, 1, 2])
@pytest.mark.parametrize("renumbered", [False, True])
def test_a_removed_record_is_found(log, segment, renumbered):
    path = log.folder / _SEGMENTS[segment]
    bodies = read_frames(path)
    removed = decode_record(bodies[1]).seq
    del bodies[1]
    if renumbered:
        bodies = [_numbered(body, path, at) for at, body in enumerate(bodies)]
    write_frames(path, bodies)
    report = _verified(log)
    if renumbered:
        assert not report.intact
        assert {Kind.CHANGED, Kind.TRUNCATED} & set(kinds(report))
    else:
        _caught(report, Kind.SEQUENCE)
        assert f"records {removed} to {removed} are missing" in report.findings[0].text


def _numbered(body: bytes, path: Path, at: int) -> bytes:
    old, new = decode_record(body).seq, int(path.stem) + at
    return body.replace(b'"seq":%d,' % old, b'"seq":%d,' % new)


@pytest.mark.parametrize("renumbered", [False, True])
def test_swapped_records_are_found(log, renumbered):
    path = log.folder / _SEGMENTS[1]
    bodies = read_frames(path)
    bodies[1], bodies[2] = bodies[2], bodies[1]
    if renumbered:
        bodies = [_numbered(body, path, at) for at, body in enumerate(bodies)]
    write_frames(path, bodies)
    report = _verified(log)
    _caught(report, Kind.CHANGED if renumbered else Kind.SEQUENCE)
    assert {5, 6} & {finding.first for finding in report.findings}


def test_a_repeated_record_is_found(log):
    path = log.folder / _SEGMENTS[1]
    bodies = read_frames(path)
    write_frames(path, [bodies[0], *bodies])
    report = _verified(log)
    _caught(report, Kind.SEQUENCE)
    assert "record 5 stands where record 6 belongs" in report.findings[0].text


def test_an_inserted_record_is_found(log):
    log.folder.joinpath("hashes").unlink()
    path = log.folder / _SEGMENTS[2]
    bodies = read_frames(path)
    extra = encode_record(decode_record(bodies[-1])).replace(b'"seq":11,', b'"seq":12,')
    write_frames(path, [*bodies, extra])
    report = _verified(log)  # nothing that was signed is changed: it is merely unsigned
    assert report.intact
    assert Kind.UNSIGNED_TAIL in kinds(report)
    assert report.proved == 12


@pytest.mark.parametrize("keep", [0, 1, 2])
def test_a_truncated_log_is_found(log, keep):
    path = log.folder / _SEGMENTS[2]
    write_frames(path, read_frames(path)[:keep])
    report = _verified(log)
    _caught(report, Kind.TRUNCATED)
    found = next(f for f in report.findings if f.kind is Kind.TRUNCATED)
    assert (found.first, found.last) == (9 + keep, 11)


def test_s36_a_truncation_with_its_checkpoints_is_found_by_who_has_a_later_one(log):
    path = log.folder / _SEGMENTS[2]
    write_frames(path, read_frames(path)[:1])
    notes = [note for _, note in split_checkpoints((log.folder / _CHECKPOINTS[2]).read_bytes())]
    (log.folder / _CHECKPOINTS[2]).write_bytes(notes[0] + b"\n")
    hashes = log.folder / "hashes"
    hashes.write_bytes(hashes.read_bytes()[: (2 * 10 - 2) * 32])
    assert _verified(log).findings == ()  # a shorter log is a log
    report = _verified(log, log.note)
    _caught(report, Kind.TRUNCATED)
    assert "records 10 to 11 are missing" in report.findings[0].text


@pytest.mark.parametrize("segment", [0, 1, 2])
def test_a_removed_segment_is_found(log, segment):
    (log.folder / _SEGMENTS[segment]).unlink()
    report = _verified(log)
    _caught(report, Kind.MISSING_SEGMENT)
    assert _CHECKPOINTS[segment] in {finding.file for finding in report.findings}
    (log.folder / _CHECKPOINTS[segment]).unlink()
    report = _verified(log, log.note)
    if segment == 0:
        _caught(report, Kind.SHORTENED)
    else:
        _caught(report, Kind.MISSING_SEGMENT if segment == 1 else Kind.TRUNCATED)


def test_swapped_segments_are_found(log):
    one, two = (log.folder / _SEGMENTS[n] for n in (1, 2))
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    _caught(_verified(log), Kind.HEADER)


def test_a_segment_of_another_log_is_found(log, tmp_path):
    other = LogWriter(tmp_path / "other", "signward/fedcba9876543210")
    for count in (5, 4, 3):
        other.add(count)
        other.checkpoint()
        other.rotate()
    shutil.copy(other.folder / _SEGMENTS[1], log.folder)
    report = _verified(log)
    _caught(report, Kind.ORIGIN)
    assert "signward/fedcba9876543210" in report.findings[0].text


def test_a_segment_of_another_history_of_the_log_is_found(log, tmp_path):
    """The same origin and key, other records: a backup that went on by itself."""
    twin = LogWriter(tmp_path / "twin", log.key.name)
    for count in (5, 4, 3):
        twin.add(count, note="elsewhere")
        twin.checkpoint()
        twin.rotate()
    shutil.copy(twin.folder / _SEGMENTS[1], log.folder)
    report = _verified(log)
    assert not report.intact
    assert {Kind.CHANGED, Kind.SPLICED, Kind.FORKED} & set(kinds(report))
    shutil.copy(twin.folder / _CHECKPOINTS[1], log.folder)
    assert not _verified(log).intact


def test_a_splice_that_is_sound_in_itself_is_found(log, tmp_path):
    """Every segment agrees with its own checkpoints, the seam between them does not."""
    twin = LogWriter(tmp_path / "twin", log.key.name)
    twin.add(5, version=2)
    twin.rotate()
    twin.add(4)
    twin.checkpoint()
    twin.rotate()
    twin.add(3)
    twin.checkpoint()
    for name in (*_SEGMENTS[1:], *_CHECKPOINTS[1:]):
        shutil.copy(twin.folder / name, log.folder)
    (log.folder / "hashes").unlink()
    report = _verified(log)
    assert not report.intact
    assert {Kind.SPLICED, Kind.FORKED, Kind.CHANGED} & set(kinds(report))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"frontier": 0}, Kind.CHANGED),
        ({"end": 1}, Kind.TRUNCATED),
        ({"end": 10_000}, Kind.TRUNCATED),
        ({"end": -1}, Kind.SPLICED),
        ({"first": 1}, Kind.MISSING_SEGMENT),
        ({"previous": None}, Kind.HEADER),
        ({"checkpoint": "x"}, Kind.CHECKPOINT),
        ({"log": "signward/other"}, Kind.ORIGIN),
    ],
)
def test_a_header_that_lies_is_found(log, change, kind):
    path = log.folder / _SEGMENTS[1]
    data = path.read_bytes()
    header, start = read_header(data, path.name)
    ((field, value),) = change.items()
    if field == "frontier":
        lie = replace(header, frontier=(bytes(32), *header.frontier[1:]))
    elif field in ("end", "first"):
        old = getattr(header.previous, field)
        lie = replace(header, previous=replace(header.previous, **{field: old + value}))
    else:
        lie = replace(header, **change)
    path.write_bytes(encode_frame(encode_header(lie)) + data[start:])
    _caught(_verified(log), kind)


def test_an_empty_file_is_found(log):
    (log.folder / _SEGMENTS[1]).write_bytes(b"")
    report = _verified(log)
    _caught(report, Kind.HEADER)
    assert report.findings[0].file == _SEGMENTS[1]


def test_a_file_that_cannot_be_read_is_named(log):
    for name in (_SEGMENTS[1], _CHECKPOINTS[0], "hashes"):
        path = log.folder / name
        kept = path.read_bytes()
        path.unlink()
        path.mkdir()
        assert not _verified(log).intact
        assert Kind.UNREADABLE in kinds(_verified(log))
        path.rmdir()
        path.write_bytes(kept)


def test_a_seam_that_no_checkpoint_covers_is_found(tmp_path):
    """Two histories of one log, both sound up to the seam, and nothing signed at it."""
    logs = [LogWriter(tmp_path / name) for name in ("one", "two")]
    for number, log in enumerate(logs):
        log.add(2)
        log.checkpoint()
        log.add(2, version=number + 1)
        log.rotate(signed=False)
        log.add(1)
        log.checkpoint()
    one, two = (log.folder for log in logs)
    for name in (segment_name(4), "00000000000000000004.checkpoints"):
        shutil.copy(two / name, one / name)
    (one / "hashes").unlink()
    report = _verified(logs[0])
    _caught(report, Kind.SPLICED)
    assert "what its header says of the records before" in report.findings[0].text


def test_a_segment_that_does_not_follow_is_found(log):
    """The header names the right end, and a record is missing at it."""
    path = log.folder / _SEGMENTS[1]
    data = path.read_bytes()
    header, start = read_header(data, path.name)
    short = read_frames(log.folder / _SEGMENTS[0])[:-1]
    write_frames(log.folder / _SEGMENTS[0], short)
    end = (log.folder / _SEGMENTS[0]).stat().st_size
    lie = replace(header, previous=replace(header.previous, end=end))
    path.write_bytes(encode_frame(encode_header(lie)) + data[start:])
    report = _verified(log)
    _caught(report, Kind.SPLICED)
    assert "it begins with record 5, the one before ends at 4" in report.findings[0].text


def test_stored_hashes_of_records_that_are_gone_are_compared_too(log):
    for path in log.folder.glob("00000000000000000000.*"):
        path.unlink()
    hashes = log.folder / "hashes"
    data = bytearray(hashes.read_bytes())
    data[6 * 32] ^= 1  # the root over the first four records
    hashes.write_bytes(data)
    report = _verified(log)
    _caught(report, Kind.HASHES)
    hashes.write_bytes(bytes(32))
    assert Kind.HASHES_APART in kinds(_verified(log)) or not _verified(log).intact


class TestCheckpoints:
    def _put(self, log: LogWriter, *notes: bytes) -> None:
        path = log.folder / _CHECKPOINTS[2]
        path.write_bytes(path.read_bytes() + b"".join(note + b"\n" for note in notes))

    def test_a_replayed_old_one_is_found(self, log):
        path = log.folder / _CHECKPOINTS[2]
        old, new = (note for _, note in split_checkpoints(path.read_bytes()))
        self._put(log, old)
        _caught(_verified(log), Kind.REPLAYED)
        path.write_bytes(old + b"\n" + old + b"\n")
        _caught(_verified(log), Kind.REPLAYED)
        path.write_bytes(new + b"\n" + old + b"\n")
        _caught(_verified(log), Kind.REPLAYED)

    def test_one_of_an_earlier_segment_is_found(self, log):
        shutil.copy(log.folder / _CHECKPOINTS[0], log.folder / _CHECKPOINTS[2])
        _caught(_verified(log), Kind.REPLAYED)

    def test_an_old_one_in_a_header_is_found(self, log):
        path = log.folder / _SEGMENTS[2]
        data = path.read_bytes()
        header, start = read_header(data, path.name)
        old = read_header((log.folder / _SEGMENTS[1]).read_bytes(), "x")[0].checkpoint
        lie = encode_header(replace(header, checkpoint=old))
        path.write_bytes(encode_frame(lie) + data[start:])
        _caught(_verified(log), Kind.REPLAYED)

    def test_one_of_another_key_is_found(self, log):
        thief = KeyPair("thief")
        forged = sign_checkpoint(log.key, thief.sign, 12, bytes(32))
        path = log.folder / _CHECKPOINTS[2]
        path.write_bytes(path.read_bytes().split(b"\n\n")[0])
        path.write_bytes(forged + b"\n")
        _caught(_verified(log), Kind.SIGNATURE)
        path.write_bytes(sign_checkpoint(thief.verifier, thief.sign, 12, bytes(32)) + b"\n")
        _caught(_verified(log), Kind.ORIGIN)

    def test_one_that_the_stolen_key_signed_is_found_by_the_records(self, log):
        path = log.folder / _CHECKPOINTS[2]
        lie = sign_checkpoint(log.key, log.pair.sign, 12, bytes(32))
        first = next(iter(split_checkpoints(path.read_bytes())))[1]
        path.write_bytes(first + b"\n" + lie + b"\n")
        report = _verified(log)
        _caught(report, Kind.CHANGED)
        assert (report.findings[0].first, report.findings[0].last) == (10, 11)

    def test_two_of_one_size_are_a_fork(self, log):
        lie = sign_checkpoint(log.key, log.pair.sign, 9, bytes(32))
        path = log.folder / _CHECKPOINTS[2]
        path.write_bytes(lie + b"\n" + path.read_bytes())
        report = _verified(log)
        _caught(report, Kind.FORKED)

    def test_none_at_all_prove_nothing(self, tmp_path):
        log = LogWriter(tmp_path / "log")
        log.add(3)
        report = _verified(log)
        _caught(report, Kind.UNSIGNED)
        assert report.proved == 0

    def test_garbage_between_them_takes_none_along(self, log):
        path = log.folder / _CHECKPOINTS[0]
        path.write_bytes(b"garbage\n\n" + path.read_bytes())
        report = _verified(log)
        assert kinds(report) == [Kind.CHECKPOINT]
        assert report.checkpoints == 7

    def test_with_every_checkpoint_of_another_key_nothing_is_proved(self, log):
        other = KeyPair(log.key.name + "x")
        report = verify_log(log.folder, other.verifier)
        _caught(report, Kind.ORIGIN, Kind.UNSIGNED)
        thief = KeyPair("thief")
        key = replace(thief.verifier, name=log.key.name)
        report = verify_log(log.folder, key)
        _caught(report, Kind.SIGNATURE, Kind.UNSIGNED)


class TestStolenKey:
    def _rewritten(self, log: LogWriter, folder: Path, count: int) -> LogWriter:
        liar = LogWriter(folder, log.key.name)
        liar.add(count, identity="spiffe://example.org/ns/nobody")
        liar.checkpoint()
        return liar

    def test_s36_a_rewritten_log_is_found_by_who_has_a_checkpoint(self, log, tmp_path):
        for count in (12, 20):
            liar = self._rewritten(log, tmp_path / str(count), count)
            assert verify_log(liar.folder, log.key).intact  # in itself it is a log
            _caught(_verified(liar, log.note), Kind.REWRITTEN)

    def test_s36_a_shorter_one_as_well(self, log, tmp_path):
        liar = self._rewritten(log, tmp_path / "liar", 7)
        _caught(_verified(liar, log.note), Kind.TRUNCATED)

    def test_s36_a_log_that_forgot_its_checkpoints_is_found(self, log):
        (log.folder / _CHECKPOINTS[2]).write_bytes(b"")
        assert _verified(log).proved == 9
        report = _verified(log, log.note)
        _caught(report, Kind.ROLLED_BACK)

    def test_s36_a_witness_has_to_have_cosigned(self, log):
        witness, other = (KeyPair(name, KeyType.COSIGNATURE) for name in ("w/1", "w/2"))
        note = cosigned(log.note, witness)
        keys = [witness.verifier]
        assert verify_log(log.folder, log.key, given=[given(note)], witnesses=keys).intact
        for wrong in (log.note, cosigned(log.note, other)):
            report = verify_log(log.folder, log.key, given=[given(wrong)], witnesses=keys)
            _caught(report, Kind.WITNESS)
        both = [witness.verifier, other.verifier]
        report = verify_log(log.folder, log.key, given=[given(note)], witnesses=both)
        _caught(report, Kind.WITNESS)
        forged = note[:-4] + b"AA=\n"
        report = verify_log(log.folder, log.key, given=[given(forged)], witnesses=keys)
        _caught(report, Kind.WITNESS)

    def test_a_given_checkpoint_of_another_key_counts_for_nothing(self, log):
        thief = KeyPair("thief")
        forged = sign_checkpoint(log.key, thief.sign, 12, log.tree.root())
        _caught(_verified(log, forged), Kind.SIGNATURE)
        foreign = sign_checkpoint(thief.verifier, thief.sign, 12, log.tree.root())
        _caught(_verified(log, foreign), Kind.ORIGIN)
