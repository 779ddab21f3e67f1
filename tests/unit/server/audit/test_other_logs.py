"""A worker reads the logs of the others from their files, while these are written."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest
from signward.audit.checkpoints import parse_checkpoint, verify_checkpoint
from signward.audit.log_list import LIST_NAME
from signward.audit.merkle import leaf_hash
from signward.audit.proofs import check_consistency, check_inclusion
from signward.audit.whole import verify_home
from signward_server.config import load
from signward_server.core.audit_events import AuditEvent
from signward_server.core.clock import SystemClock
from signward_server.core.errors import AuditUnavailable, FieldInvalid
from signward_server.core.workers import Worker
from signward_server.home.auditing import write_audit
from signward_server.wiring.auditing import open_audit

from tests.fakes.audit_logs import an_entry, events_of
from tests.fakes.meter import FakeMeter

ORIGIN = "signward/1"
COUNT = 2


@pytest.fixture
def section(tmp_path):
    file = tmp_path / "signward.toml"
    file.write_text("")
    made = load(file, environment={}, flags=[f"audit.origin={ORIGIN}"]).audit
    write_audit(made.folder, made.checkpoint_key, made.origin)
    return made


@pytest.fixture
def workers(section):
    """Two workers in one process; each with its log, and all that it sees."""
    with ExitStack() as opened:
        yield [
            open_audit(section, SystemClock(), FakeMeter(), None, opened, Worker(number, COUNT))
            for number in range(COUNT)
        ]


def whole(section, **more):
    from signward.audit.verifier_keys import parse_verifier_key

    key = parse_verifier_key(section.checkpoint_key.with_suffix(".pub").read_text())
    return verify_home(section.folder, key, processes=1, **more)


def test_each_worker_has_a_log_of_its_own_and_sees_the_others(workers):
    (first, seen_by_first), (second, seen_by_second) = workers
    assert (first.name, second.name) == (ORIGIN, f"{ORIGIN}/worker-1")
    assert second.record(an_entry()).log == second.name
    assert seen_by_first.of("") is first
    assert seen_by_first.of(ORIGIN) is first
    assert seen_by_second.of("") is second
    other = seen_by_first.of(second.name)
    assert (other.name, other.verifier_key) == (second.name, second.verifier_key)
    assert other.size == second.size == 2
    assert other.records(0, 9) == second.records(0, 9)
    assert seen_by_first.of(second.name) is other
    assert seen_by_first.listing() == seen_by_second.listing() != b""
    for name in ("elsewhere", f"{ORIGIN}/worker-9", f"{ORIGIN}/../x", "worker-1"):
        with pytest.raises(FieldInvalid):
            seen_by_first.of(name)


def test_the_first_log_says_at_once_which_logs_there_are(workers, section):
    (first, _), _ = workers
    assert events_of(first)[:2] == ["started", "listed"]


def test_a_log_that_grows_is_followed(workers, monkeypatch):
    monkeypatch.setattr("signward_server.audit.other_log._PATIENCE", 30.0)
    (_, seen), (second, _) = workers
    other = seen.of(second.name)
    size = other.size
    assert not other.wait(size, 0.1)
    receipts = second.record_all([an_entry(key=f"k{n}") for n in range(700)])
    assert other.wait(receipts[-1].sequence, 2.0)
    assert other.size == size + 700
    assert list(other.records(size + 690, 50)) == list(second.records(size + 690, 50))
    checkpoint = parse_checkpoint(other.checkpoint())
    assert checkpoint.size >= size + 700
    leaf = leaf_hash(other.records(size + 300, 1)[0])
    proof = other.inclusion(size + 300, checkpoint.size)
    check_inclusion(size + 300, checkpoint.size, leaf, checkpoint.root, proof)
    proof = other.consistency(size, checkpoint.size)
    assert proof
    with pytest.raises(FieldInvalid):
        other.inclusion(10**9, checkpoint.size)
    assert other.first == 0


def test_a_log_is_followed_into_new_segments(section):
    made = section.model_copy(update={"segment_size": 4096})
    with ExitStack() as opened:
        (_, seen), (second, _) = (
            open_audit(made, SystemClock(), FakeMeter(), None, opened, Worker(number, COUNT))
            for number in range(COUNT)
        )
        other = seen.of(second.name)
        for _ in range(3):
            for _ in range(20):
                second.record(an_entry())
            second.checkpoint()
            time.sleep(0.05)
            assert other.size == second.size
            assert list(other.records(0, 500)) == list(second.records(0, 500))
        assert second.segment > 0


def test_a_log_whose_worker_has_ended_is_read_all_the_same(section):
    with ExitStack() as opened:
        with ExitStack() as ended:
            second, _ = open_audit(
                section, SystemClock(), FakeMeter(), None, ended, Worker(1, COUNT)
            )
            second.record(an_entry())
        _, seen = open_audit(section, SystemClock(), FakeMeter(), None, opened, Worker(0, COUNT))
        other = seen.of(second.name)
        assert parse_checkpoint(other.checkpoint()).size == other.size == 3
        verify_checkpoint(parse_checkpoint(other.checkpoint()), other._key)


def test_fewer_workers_keep_the_logs_of_more(section):
    for count in (3, 1):
        with ExitStack() as opened:
            for number in range(count):
                log, seen = open_audit(
                    section, SystemClock(), FakeMeter(), None, opened, Worker(number, count)
                )
                log.record(an_entry())
            assert len(seen.listed()) == 4
    report = whole(section)
    assert (report.intact, report.listed) == (True, 4)
    assert [log.size > 0 for log in report.logs] == [True, True, True, False]


def test_s36_dropping_a_workers_log_is_noticed_although_the_daemon_starts_again(section):
    import shutil

    before = None
    with ExitStack() as opened:
        for number in range(COUNT):
            log, _ = open_audit(
                section, SystemClock(), FakeMeter(), None, opened, Worker(number, COUNT)
            )
            log.record(an_entry())
        before = (section.folder / LIST_NAME).read_bytes()
    shutil.rmtree(section.folder / "worker-1")
    assert not whole(section).intact
    (section.folder / LIST_NAME).unlink()
    shutil.rmtree(section.folder / "worker-2")
    from signward_server.core.startup import AuditRefused

    with ExitStack() as opened, pytest.raises(AuditRefused, match="older list"):
        open_audit(section, SystemClock(), FakeMeter(), None, opened, Worker(0, COUNT))
    (section.folder / LIST_NAME).write_bytes(before)
    with ExitStack() as opened, pytest.raises(AuditRefused, match="gone"):
        open_audit(section, SystemClock(), FakeMeter(), None, opened, Worker(0, COUNT))


def test_how_far_the_others_are_is_written_down_again(section, monkeypatch):
    monkeypatch.setattr("signward_server.audit.pinning._EVERY", 0.1)
    with ExitStack() as opened:
        (first, _), (second, _) = (
            open_audit(section, SystemClock(), FakeMeter(), None, opened, Worker(number, COUNT))
            for number in range(COUNT)
        )
        second.record(an_entry())
        size = parse_checkpoint(second.checkpoint()).size
        end = time.monotonic() + 5
        while f'"worker-1":"{size} '.encode() not in first.records(first.size - 1, 1)[0]:
            assert time.monotonic() < end
            time.sleep(0.05)
        count = first.size
        time.sleep(1.5)
        assert first.size == count  # nothing new, nothing written
        first.checkpoint()
        assert whole(section).intact
        first.note(AuditEvent.RELOADED, {})


def test_one_worker_has_one_log_and_no_list(section):
    with ExitStack() as opened:
        log, seen = open_audit(section, SystemClock(), FakeMeter(), None, opened)
        assert seen.listing() == b""
        assert seen.others() == {}
        assert events_of(log) == ["started"]
        with pytest.raises(FieldInvalid):
            seen.of(f"{ORIGIN}/worker-1")


def test_what_cannot_be_read_is_unavailable(workers, section, caplog):
    (_, seen), (second, _) = workers
    other = seen.of(second.name)
    segment = section.folder / "worker-1" / f"{0:020}.checkpoints"
    note = segment.read_bytes()
    segment.write_bytes(note.replace(b"worker-1 ", b"worker-2 "))
    with pytest.raises(AuditUnavailable):
        other.newest()
    segment.write_bytes(b"")
    assert other.newest() is None
    assert other.note == b""
    (section.folder / LIST_NAME).write_bytes(b"none")
    with pytest.raises(AuditUnavailable):
        seen.listing()
    section.folder.joinpath("worker-1").rename(section.folder / "elsewhere")
    for ask in (lambda: other.first, lambda: other.size, other.newest):
        with pytest.raises(AuditUnavailable):
            ask()
    section.folder.joinpath("elsewhere").rename(section.folder / "worker-1")


def test_two_workers_of_one_number_are_refused(section):
    from signward_server.core.startup import AuditRefused

    with ExitStack() as opened:
        open_audit(section, SystemClock(), FakeMeter(), None, opened, Worker(1, COUNT))
        with pytest.raises(AuditRefused, match="in use by another process"):
            open_audit(section, SystemClock(), FakeMeter(), None, opened, Worker(1, COUNT))


def test_a_proof_from_the_start_holds(workers):
    (_, seen), (second, _) = workers
    other = seen.of(second.name)
    first = parse_checkpoint(other.checkpoint())
    second.record_all([an_entry()] * 5)
    newest = parse_checkpoint(other.checkpoint())
    proof = other.consistency(first.size, newest.size)
    check_consistency(first.size, newest.size, first.root, newest.root, proof)
