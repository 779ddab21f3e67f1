"""What is kept of a log, and that what is left still verifies."""

from __future__ import annotations

import errno
import json
import math
import os
import sys
import time
from pathlib import Path

import pytest
from signward.audit.checkpoints import parse_checkpoint
from signward.audit.merkle import CompactRange, leaf_hash
from signward.audit.proofs import check_consistency, check_inclusion
from signward_server.audit.beginning import Place
from signward_server.audit.retention import Keep, Retention
from signward_server.audit.uploader import Uploader
from signward_server.audit.uploading import Uploading
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import FieldInvalid

from tests.fakes.audit_logs import LogHome, an_entry
from tests.fakes.faulty_files import FaultyFiles
from tests.running.crews import alive
from tests.unit.server.audit.waiting import eventually


@pytest.fixture
def home(tmp_path: Path) -> LogHome:
    """A log of four segments with two records each, and an empty one after them."""
    made = LogHome(tmp_path / "audit")
    for _ in range(4):
        with made.opened(size=1) as log:
            log.record_all([an_entry(), an_entry()])
            log.checkpoint()
    assert made.place.folder.segments() == [0, 2, 4, 6, 8]
    return made


def _apply(home: LogHome, keep: Keep, now: float = 0.0, signed: int = 8) -> int | None:
    """Remove what may go; return the oldest record that is left, ``None`` if nothing went."""
    told: list[int] = []

    def announce(first: int) -> None:
        assert home.place.folder.segments()[0] < first
        with home.opened() as log:
            log.note(AuditEvent.RETAINED, {"first": first})
        told.append(first)

    Retention(home.place, keep, lambda: now).apply(signed, announce)
    assert not told or told == home.place.folder.segments()[:1]
    return told[0] if told else None


def test_all_is_kept_unless_told_otherwise(home: LogHome) -> None:
    assert _apply(home, Keep(), now=1e12) is None
    assert home.verified().first == 0


def test_old_segments_go_and_the_last_one_stays(home: LogHome) -> None:
    folder = home.place.folder
    for first, written in zip(folder.segments(), (100, 200, 300, 400, 500), strict=True):
        os.utime(folder.segment(first), (written, written))
    assert _apply(home, Keep(age=150), now=350) is None or folder.segments() == [2, 4, 6, 8]
    assert _apply(home, Keep(age=150), now=360) == 4
    assert folder.segments() == [4, 6, 8]
    assert not folder.checkpoints(0).exists()
    assert home.verified().first == 4
    assert _apply(home, Keep(age=150), now=1e9) == 8
    assert folder.segments() == [8]
    home.verified()


def test_as_much_as_is_too_much_goes(home: LogHome) -> None:
    folder = home.place.folder
    sizes = [folder.segment(first).stat().st_size for first in folder.segments()]
    assert _apply(home, Keep(size=sum(sizes))) is None
    assert _apply(home, Keep(size=sum(sizes) - 1)) == 2
    sizes[4] = folder.segment(8).stat().st_size  # it has a record more
    assert _apply(home, Keep(size=sum(sizes[3:]))) == 6
    home.verified()


def test_nothing_goes_that_no_checkpoint_covers(home: LogHome) -> None:
    assert _apply(home, Keep(size=1), signed=5) == 4


def test_what_is_to_be_uploaded_stays_until_it_was(home: LogHome) -> None:
    folder = home.place.folder
    assert _apply(home, Keep(size=1, uploaded=True)) is None
    folder.uploaded(0).touch()
    folder.uploaded(4).touch()
    assert _apply(home, Keep(size=1, uploaded=True)) == 2
    assert folder.segments() == [2, 4, 6, 8]
    assert not folder.uploaded(0).exists()


def test_a_log_goes_on_and_proves_what_is_left(home: LogHome) -> None:
    _apply(home, Keep(size=1), signed=5)
    home.place.folder.hashes.unlink()  # and makes its hashes again from what is left
    with home.opened() as log:
        log.record_all([an_entry() for _ in range(5)])
        assert log.first == 4
        assert log.records(3, 5) == []
        last = parse_checkpoint(log.checkpoint())
        for sequence, body in enumerate(log.records(4, 100), start=4):
            proof = log.inclusion(sequence, last.size)
            check_inclusion(sequence, last.size, leaf_hash(body), last.root, proof)
        assert log.consistency(4, last.size)
        with pytest.raises(FieldInvalid):
            log.inclusion(3, last.size)
        with pytest.raises(FieldInvalid):
            log.consistency(3, last.size)
    home.verified()


def test_a_witness_that_was_away_longer_than_records_are_kept_goes_on(home: LogHome) -> None:
    with home.opened() as log:
        roots = {size: CompactRange() for size in range(1, 9)}
        for size, tree in roots.items():
            tree.extend(map(leaf_hash, log.records(0, size)))
    _apply(home, Keep(size=1), signed=8)
    with home.opened() as log:
        last = parse_checkpoint(log.checkpoint())
        assert log.first == 8
        for size, tree in roots.items():
            proof = log.consistency(size, last.size)
            check_consistency(size, last.size, tree.root(), last.root, proof)
            assert log.consistency(size, 8) is not None


def test_a_running_log_removes_by_itself(home: LogHome) -> None:
    with home.opened(size=1, keep=Keep(size=1)) as log:
        log.record(an_entry())
        log.checkpoint()
        assert eventually(lambda: home.place.folder.segments() == [9])
        assert log.first == 9
        retained = json.loads(log.records(9, 1)[0])
        assert (retained["event"], retained["details"]) == ("retained", {"first": 9})
        time.sleep(1.2)  # it does not go on because of that record
        assert home.place.folder.segments() == [9]
    home.verified()


@pytest.fixture
def files(home: LogHome) -> FaultyFiles:
    home.files = made = FaultyFiles()
    home.place = Place(made, home.place.folder)
    return made


def test_what_is_left_verifies_after_each_step_of_a_removal(
    home: LogHome, files: FaultyFiles
) -> None:
    steps = []

    def look(name: str) -> None:
        if name in {"remove", "sync_folder"}:
            steps.append(name)
            home.verified()

    def announce(first: int) -> None:
        with home.opened() as log:
            log.note(AuditEvent.RETAINED, {"first": first})
        files.before = look

    Retention(home.place, Keep(size=1), lambda: 0.0).apply(8, announce)
    assert home.place.folder.segments() == [8]
    assert len(steps) > 12


def test_nothing_is_removed_that_the_log_could_not_say(home: LogHome, files: FaultyFiles) -> None:
    folder = home.place.folder
    with home.opened(keep=Keep(size=1)) as log:
        log._keeping._next_retention = math.inf  # what follows is done here
        log._threads[0].stop()
        removed = files.calls.get("remove", 0)
        files.faults["write"] = errno.ENOSPC
        log._keeping._retain()
        assert files.calls.get("remove", 0) == removed
        assert folder.segments() == [0, 2, 4, 6, 8]


def test_the_record_is_signed_before_anything_is_removed(home: LogHome, files: FaultyFiles) -> None:
    seen: list[tuple[str, int]] = []
    with home.opened(keep=Keep(size=1)) as log:
        log._keeping._next_retention = math.inf  # what follows is done here
        log._threads[0].stop()

        def look(name: str) -> None:
            if name == "remove" and not seen:
                event = json.loads(log.records(8, 1)[0])
                seen.append((event["event"], home.verified().proved))

        files.before = look
        log._keeping._retain()
        assert log.first == 8
    assert seen == [("retained", 9)]


SCRIPT = """\
import pathlib, shutil, sys
target = pathlib.Path(sys.argv[1])
if (target / "refuse").exists():
    sys.exit(3)
for path in sys.argv[2:]:
    shutil.copy(path, target)
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def _uploader(home: LogHome, target: Path) -> Uploader:
    return Uploader(home.folder, [sys.executable, "-c", SCRIPT, str(target)])


def test_finished_segments_are_taken_away_once(
    home: LogHome, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    folder = home.place.folder
    uploader = _uploader(home, target)
    try:
        assert eventually(lambda: folder.uploaded(6).exists(), 20)
        assert not folder.uploaded(8).exists()
        assert uploader.tend() == 0
    finally:
        uploader.close()
    assert sorted(path.name for path in target.glob("*.log")) == [
        folder.segment(first).name for first in (0, 2, 4, 6)
    ]
    assert (target / folder.checkpoints(0).name).exists()
    home.verified()


def test_a_segment_is_finished_when_the_next_one_has_begun(home: LogHome) -> None:
    folder = home.place.folder
    for first in (0, 2, 4):
        folder.uploaded(first).touch()
    header = folder.segment(8).read_bytes()
    folder.segment(8).write_bytes(header[:-1])
    assert Uploading(home.folder, [])._next() is None
    folder.segment(8).write_bytes(header)
    assert Uploading(home.folder, [])._next() == 6


def test_a_segment_that_goes_on_is_to_be_uploaded_again(home: LogHome) -> None:
    folder = home.place.folder
    folder.uploaded(4).touch()
    folder.uploaded(6).touch()
    folder.segment(8).write_bytes(b"")  # a rotation that did not get far
    with home.opened() as log:
        log.record(an_entry())
    assert folder.segments() == [0, 2, 4, 6]
    assert folder.uploaded(4).exists()
    assert not folder.uploaded(6).exists()


def test_a_failing_upload_is_tried_again_and_counted(
    home: LogHome, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    (target / "refuse").touch()
    uploader, failures = _uploader(home, target), 0

    def failed() -> bool:
        nonlocal failures
        failures += uploader.tend()
        return failures > 0

    try:
        assert eventually(failed, 20)
        assert not list(target.glob("*.log"))
        (target / "refuse").unlink()
        assert eventually(lambda: home.place.folder.uploaded(0).exists(), 20)
    finally:
        uploader.close()


def test_an_uploader_that_dies_is_started_again(
    home: LogHome, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setattr("signward_server.audit.uploader._PAUSE", 0.0)
    (target / "refuse").touch()
    uploader = _uploader(home, target)
    try:
        process = uploader._process
        assert process is not None
        process.kill()
        process.wait(10)
        uploader.tend()
        uploader.tend()
        assert uploader._process not in {None, process}
        (target / "refuse").unlink()
        assert eventually(lambda: home.place.folder.uploaded(0).exists(), 20)
    finally:
        uploader.close()
    uploader.close()
    assert uploader.tend() == 0


def test_what_a_command_leaves_running_is_ended(
    home: LogHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signward_server.audit.uploading._wait", time.sleep)
    folder, told = home.place.folder, tmp_path / "pid"
    script = f"sleep 60 & echo $! > {told}"
    assert Uploading(home.folder, ["sh", "-c", script])._upload(0)
    assert folder.uploaded(0).exists()
    assert eventually(lambda: not alive(int(told.read_text())))
