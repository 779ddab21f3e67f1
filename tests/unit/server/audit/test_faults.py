"""Disks that are full, failing or read-only: nothing unrecorded, and it goes on by itself (S37)."""

from __future__ import annotations

import errno
import json
import threading
import time
from pathlib import Path

import pytest
from signward_server.audit.log import Log
from signward_server.audit.recovery import recover
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import Event, Level
from signward_server.core.startup import AuditRefused

from tests.fakes.audit_logs import LogHome, an_entry, events_of
from tests.fakes.faulty_files import FaultyFiles, UnsyncedFiles
from tests.unit.server.audit.waiting import eventually


@pytest.fixture
def files() -> FaultyFiles:
    return FaultyFiles()


@pytest.fixture
def home(tmp_path: Path, files: FaultyFiles) -> LogHome:
    return LogHome(tmp_path / "audit", files)


def _is_written_again(log: Log) -> bool:
    return eventually(log.healthy)


@pytest.mark.parametrize("durability", ["group", "sync", "async"])
@pytest.mark.parametrize("fault", ["write", "sync"])
def test_s37_nothing_is_recorded_while_a_disk_fails_and_everything_before_stays(
    home: LogHome, files: FaultyFiles, fault: str, durability: str
) -> None:
    with home.opened(durability=durability) as log:
        before = [log.record(an_entry()).sequence for _ in range(3)]
        files.faults[fault] = errno.EIO
        told = []
        for _ in range(1000):
            try:
                told.append(log.record(an_entry()).sequence)
            except AuditUnavailable:
                break
            time.sleep(0.01)
        assert not log.healthy()
        with pytest.raises(AuditUnavailable):
            log.ensure_available()
        with pytest.raises(AuditUnavailable):
            log.checkpoint()
        files.faults.clear()
        assert _is_written_again(log)
        after = log.record(an_entry()).sequence
        log.checkpoint()
        events = events_of(log)
        assert before + told == list(range(len(before) + len(told)))
        assert all(events[sequence] == "signature" for sequence in [*before, *told, after])
        assert "recovered" in events
    report = home.verified()
    assert report.segments <= 2
    assert (Event.AUDIT_FAILED, fault) in home.meter.counted


def test_s37_what_a_failed_sync_may_have_lost_is_written_again(
    home: LogHome, files: FaultyFiles
) -> None:
    with home.opened() as log:
        log.record(an_entry())
        log.checkpoint()
        files.faults["sync"] = errno.EIO
        assert log.record(an_entry()).sequence == 1
        assert eventually(lambda: not log.healthy())
        files.faults.clear()  # a second fdatasync would say that all is well
        assert _is_written_again(log)
        log.record(an_entry())
    assert home.place.folder.segments() == [0, 1]
    home.verified()


def test_a_write_in_part_is_discarded_and_what_came_before_is_kept(
    home: LogHome, files: FaultyFiles
) -> None:
    with home.opened() as log:
        log.record_all([an_entry() for _ in range(5)])
        log.checkpoint()
        log.record_all([an_entry() for _ in range(5)])
        files.room = 1000
        assert log.record(an_entry()).sequence == 10
        with pytest.raises(AuditUnavailable):
            log.record(an_entry())
        assert not log.healthy()
        files.room = None
        assert _is_written_again(log)
        assert eventually(lambda: bool(log.records(11, 1)))  # which may come a moment later
        last = json.loads(log.records(11, 1)[0])
        assert last["event"] == "recovered"
        assert last["details"]["errno"] == errno.ENOSPC
        assert log.record(an_entry()).sequence == 12
    assert home.verified().proved == 13


def test_a_log_that_never_wrote_a_record_recovers_in_its_first_segment(
    home: LogHome, files: FaultyFiles
) -> None:
    with home.opened() as log:
        files.room = 10
        with pytest.raises(AuditUnavailable):
            log.record(an_entry())
        files.room = None
        assert _is_written_again(log)
        log.record(an_entry())
    assert home.place.folder.segments() == [0]
    assert home.verified().proved == 2


@pytest.mark.parametrize("step", ["create", "rename", "cut", "sync_folder", "remove"])
def test_repair_is_tried_until_it_succeeds(home: LogHome, files: FaultyFiles, step: str) -> None:
    with home.opened() as log:
        log.record_all([an_entry() for _ in range(3)])
        log.checkpoint()
        log.record(an_entry())
        files.faults = {"write": errno.EIO}
        with pytest.raises(AuditUnavailable):
            log.record(an_entry())
        files.faults = {step: errno.EROFS}
        tries = files.calls.get(step, 0)
        assert eventually(lambda: files.calls.get(step, 0) > tries)
        files.faults.clear()
        assert _is_written_again(log)
        assert eventually(lambda: "recovered" in events_of(log))
        log.record(an_entry())
        events = events_of(log)
        assert events == ["signature"] * 4 + ["recovered", "signature"]
    home.verified()


@pytest.mark.parametrize("fault", ["write", "sync", "create", "sync_folder"])
def test_a_failing_rotation_loses_nothing(home: LogHome, files: FaultyFiles, fault: str) -> None:
    with home.opened(size=2000) as log:
        log.record(an_entry())
        log.checkpoint()
        files.faults[fault] = errno.ENOSPC
        told = 1
        for _ in range(20):
            try:
                log.record(an_entry())
            except AuditUnavailable:
                break
            told += 1
            time.sleep(0.2)
        assert not log.healthy()
        files.faults.clear()
        assert _is_written_again(log)
        log.record(an_entry())
        assert events_of(log)[:told] == ["signature"] * told
    home.verified()


def test_a_checkpoint_in_part_is_taken_back(home: LogHome, files: FaultyFiles) -> None:
    with home.opened() as log:
        log.record(an_entry())
        log.checkpoint()

        def fail_in_checkpoint(name: str) -> None:
            if name == "write" and threading.current_thread().name == "audit":
                files.before = lambda _: None
                files.room = 40

        files.before = fail_in_checkpoint
        log.record(an_entry())
        began = time.monotonic()
        with pytest.raises(AuditUnavailable):
            log.checkpoint()
        assert time.monotonic() - began < 3  # nobody waits for what cannot come
        assert not log.healthy()
        files.room = None
        assert _is_written_again(log)
        log.checkpoint()
    home.verified()


def test_followers_of_a_failed_group_are_refused_as_well(home: LogHome, files: FaultyFiles) -> None:
    gate = threading.Event()
    outcomes: list[str] = []

    def hold(name: str) -> None:
        if name == "write" and not gate.is_set():
            gate.wait(30)

    def work(log: Log) -> None:
        try:
            log.record(an_entry())
            outcomes.append("recorded")
        except AuditUnavailable:
            outcomes.append("refused")

    with home.opened() as log:
        files.before = hold
        threads = [threading.Thread(target=work, args=(log,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        files.faults["write"] = errno.EIO
        gate.set()
        for thread in threads:
            thread.join()
        assert outcomes == ["refused"] * 6
        files.faults.clear()
        assert _is_written_again(log)
        assert eventually(lambda: events_of(log) == ["recovered"])


def test_a_slow_write_is_said_for_a_while(home: LogHome, files: FaultyFiles) -> None:
    with home.opened() as log:
        assert log.is_quick
        files.before = lambda name: time.sleep(0.02) if name == "write" else None
        log.record(an_entry())
        assert not log.is_quick
        files.before = lambda _: None
        assert eventually(lambda: log.is_quick)
    with home.opened(durability="sync") as log:
        assert not log.is_quick


def test_records_that_cannot_reach_the_disk_do_not_fill_the_memory(
    home: LogHome, files: FaultyFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signward_server.audit.kept._MOST", 20_000)
    monkeypatch.setattr("signward_server.audit.kept._ROOM", 1_000)
    stuck = threading.Event()
    with home.opened() as log:
        files.before = lambda name: stuck.wait(5) if name == "sync" else None
        assert any(not _records(log) for _ in range(1000))
        assert not log.healthy()
        stuck.set()
        assert eventually(lambda: _records(log))
    home.verified()


def _records(log: Log) -> bool:
    try:
        log.record(an_entry())
    except AuditUnavailable:
        return False
    return True


def test_levels_say_how_the_log_is(home: LogHome, files: FaultyFiles) -> None:
    with home.opened() as log:
        log.record(an_entry())
        assert eventually(lambda: home.meter.levels.get(Level.AUDIT_SIZE) == 1)
        assert home.meter.levels[Level.AUDIT_UP] == 1
        files.faults["write"] = errno.EIO
        with pytest.raises(AuditUnavailable):
            log.record(an_entry())
        assert eventually(lambda: home.meter.levels[Level.AUDIT_UP] == 0)


def test_s37_a_log_that_is_removed_under_the_daemon_takes_no_records(home: LogHome) -> None:
    with home.opened() as log:
        log.record(an_entry())
        log.checkpoint()
        aside = home.folder.rename(home.folder.with_name("aside"))
        assert eventually(lambda: not log.healthy())
        with pytest.raises(AuditUnavailable):
            log.record(an_entry())
        aside.rename(home.folder)
        assert _is_written_again(log)
        log.record(an_entry())
    assert home.verified().segments <= 2


def test_a_disk_that_hangs_holds_up_no_end(
    home: LogHome, files: FaultyFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signward_server.audit.rounds._STOP_TIMEOUT", 0.2)
    hung = threading.Event()
    with home.opened() as log:
        log.record(an_entry())
        files.before = lambda name: hung.wait(20) if name == "sync" else None
        log.record(an_entry())
        time.sleep(0.2)
        began = time.monotonic()
        log.close()
        assert time.monotonic() - began < 5
        before = {path: path.stat().st_size for path in home.folder.iterdir()}
        hung.set()
        assert eventually(lambda: not log.alive)
        after = {path: path.stat().st_size for path in home.folder.iterdir()}
        assert after == before  # the log may be another process's now


@pytest.mark.parametrize("durability", ["group", "sync", "async"])
def test_s37_nothing_is_answered_for_long_that_does_not_reach_the_disk(
    home: LogHome, files: FaultyFiles, durability: str
) -> None:
    stuck = threading.Event()
    with home.opened(durability=durability) as log:
        log.record(an_entry())
        files.before = lambda name: stuck.wait(7) if name == "sync" else None
        lost = threading.Thread(target=_records, args=(log,))
        lost.start()  # with `sync` it waits for the disk itself
        time.sleep(1.5 if durability == "group" else 4.2)
        assert not log.healthy()
        assert not log.is_quick
        with pytest.raises(AuditUnavailable):
            log.ensure_available()
        written = log.size
        for _ in range(10):
            with pytest.raises(AuditUnavailable):
                log.record(an_entry())
        assert log.size == written
        assert home.meter.counted.count((Event.AUDIT_FAILED, "stall")) == 1
        stuck.set()
        assert _is_written_again(log)
        lost.join()
        log.record(an_entry())
        log.checkpoint()
        assert "recovered" not in events_of(log)  # the segment is as good as before
    home.verified()


class SteadyFiles(UnsyncedFiles):
    """A disk that needs a while to sync, always the same."""

    def sync(self, descriptor: int) -> None:
        time.sleep(0.3)


def test_a_disk_that_keeps_up_is_not_stalled(tmp_path: Path) -> None:
    with LogHome(tmp_path / "audit", SteadyFiles()).opened() as log:
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            log.record(an_entry())
            assert log.healthy()
            time.sleep(0.01)


def test_s37_a_cut_is_told_of_though_the_daemon_was_killed_before_it_could(
    home: LogHome, files: FaultyFiles
) -> None:
    cuts = home.place.folder.cuts
    with home.opened() as log:
        log.record(an_entry())
    with home.place.folder.segment(0).open("ab") as file:
        file.write(b"\0\0\0\x50abcdtorn")
    recover(home.place, home.key, home.clock).segment.close()  # and killed
    assert cuts.exists()
    with home.opened() as log:
        details = json.loads(log.records(1, 1)[0])["details"]
        assert (details["segment"], details["bytes"]) == (f"{0:020}.log", 12)
        log.checkpoint()
        assert eventually(lambda: not cuts.exists())
        assert events_of(log) == ["signature", "recovered"]
    home.verified()


def test_nothing_is_cut_that_cannot_be_told_of(home: LogHome, files: FaultyFiles) -> None:
    path = home.place.folder.segment(0)
    with path.open("ab") as file:
        file.write(b"torn")
    before = path.read_bytes()
    files.faults["write"] = errno.ENOSPC
    with pytest.raises(AuditRefused), home.opened():
        pass
    assert path.read_bytes() == before
    files.faults.clear()
    home.place.folder.cuts.write_bytes(b"{")
    with home.opened() as log:
        details = [json.loads(body)["details"] for body in log.records(0, 9)]
    assert details[0] == {"unreadable": "cuts.json"}
    assert details[1]["bytes"] == 4
    assert not home.place.folder.cuts.exists()


def test_notes_that_find_no_room_are_counted(home: LogHome, files: FaultyFiles) -> None:
    with home.opened() as log:
        files.faults["write"] = errno.ENOSPC
        for number in range(70):
            log.note(AuditEvent.RELOADED, {"part": number})
        files.faults.clear()
        assert _is_written_again(log)
        assert eventually(lambda: "suppressed" in events_of(log))
        records = [json.loads(body) for body in log.records(0, 100)]
        assert sum(record["event"] == "reloaded" for record in records) == 64
        assert [r["count"] for r in records if r["event"] == "suppressed"] == [7]
