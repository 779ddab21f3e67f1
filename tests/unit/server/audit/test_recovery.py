"""Recovery: a log that was cut off at any byte opens again, and never below a checkpoint."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signward.audit.checkpoints import parse_checkpoint
from signward.audit.framing import encode_frame
from signward.audit.merkle import leaf_hash
from signward.audit.proofs import check_inclusion
from signward_server.audit.checkpoint_key import CheckpointKey, new_private_key
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.startup import AuditRefused

from tests.fakes.audit_logs import LogHome, an_entry, events_of
from tests.fakes.clock import FakeClock
from tests.fakes.faulty_files import UnsyncedFiles


@dataclass
class Crashed:
    """A log with checkpoints of 3 and 6 records, in a segment each, and 4 records after them."""

    home: LogHome
    offsets: list[int]  # in the last segment: where each record ends
    spare: Path

    def restore(self) -> None:
        """Have everything as it was at the crash."""
        shutil.rmtree(self.home.folder)
        shutil.copytree(self.spare, self.home.folder)

    @property
    def last(self) -> Path:
        return self.home.place.folder.segment(3)


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashed]:
    folder = tmp_path_factory.mktemp("crashed")
    home = LogHome(folder / "audit", UnsyncedFiles())
    with home.opened(size=1) as log:
        log.record_all([an_entry() for _ in range(3)])
        log.checkpoint()
    with home.opened() as log:
        last, ends = home.place.folder.segment(3), []
        for number in range(3, 10):
            log.note(AuditEvent.RELOADED, {"part": number})
            ends.append(last.stat().st_size)
            if number == 5:
                log.checkpoint()
        shutil.copytree(home.folder, folder / "spare")
    found = Crashed(home, ends, folder / "spare")
    assert home.place.folder.segments() == [0, 3]
    found.restore()
    return found


def _records(home: LogHome) -> tuple[int, list[str]]:
    """Return how many records of ours a log holds once it was opened again, and all events."""
    with home.opened() as log:
        events = events_of(log)
    home.verified()
    return sum(event in {"signature", "reloaded"} for event in events), events


def test_what_was_whole_stays_as_it_is(crashed: Crashed) -> None:
    crashed.restore()
    assert _records(crashed.home) == (10, ["signature"] * 3 + ["reloaded"] * 7)


def test_s37_a_log_cut_at_any_byte_after_its_checkpoint_opens_and_verifies(
    crashed: Crashed,
) -> None:
    covered = crashed.offsets[2]
    for size in range(covered, crashed.offsets[-1]):
        crashed.restore()
        with crashed.last.open("r+b") as file:
            file.truncate(size)
        signatures, events = _records(crashed.home)
        assert signatures == 3 + sum(1 for end in crashed.offsets if end <= size)
        assert events[signatures:] == ([] if size in crashed.offsets else ["recovered"])


def test_s36_recovery_never_cuts_below_a_checkpoint(crashed: Crashed) -> None:
    for size in (*range(0, crashed.offsets[2], 37), crashed.offsets[2] - 1):
        crashed.restore()
        with crashed.last.open("r+b") as file:
            file.truncate(size)
        before = crashed.last.read_bytes()
        with pytest.raises(AuditRefused, match="signward audit"), crashed.home.opened():
            pass
        assert crashed.last.read_bytes() == before  # the evidence stays


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_changed_byte_is_cut_or_refused(crashed: Crashed, data: st.DataObject) -> None:
    crashed.restore()
    content = bytearray(crashed.last.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    crashed.last.write_bytes(content)
    if at < crashed.offsets[2]:
        with pytest.raises(AuditRefused), crashed.home.opened():
            pass
    else:
        whole = sum(1 for end in crashed.offsets if end <= at)
        signatures, events = _records(crashed.home)
        assert (signatures, events[-1]) == (3 + whole, "recovered")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_checkpoints_cut_at_any_byte_open_and_verify(crashed: Crashed, data: st.DataObject) -> None:
    crashed.restore()
    path = crashed.home.place.folder.checkpoints(3)
    path.write_bytes(path.read_bytes()[: data.draw(st.integers(0, path.stat().st_size))])
    assert _records(crashed.home)[0] == 10


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_hashes_cut_at_any_byte_are_made_again(crashed: Crashed, data: st.DataObject) -> None:
    crashed.restore()
    path = crashed.home.place.folder.hashes
    path.write_bytes(path.read_bytes()[: data.draw(st.integers(0, path.stat().st_size))])
    assert _records(crashed.home)[0] == 10


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_proof_comes_from_hashes_that_were_changed(
    crashed: Crashed, data: st.DataObject
) -> None:
    crashed.restore()
    path = crashed.home.place.folder.hashes
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with crashed.home.opened() as log:
        last = parse_checkpoint(log.checkpoint())
        for sequence, body in enumerate(log.records(0, 10)):
            with suppress(AuditUnavailable):
                proof = log.inclusion(sequence, 10)
                check_inclusion(sequence, 10, leaf_hash(body), last.root, proof)
            with suppress(AuditUnavailable):
                log.inclusion(sequence, sequence + 1)
                log.consistency(sequence, 10)
                log.consistency(sequence // 2, sequence)


def test_hashes_that_are_missing_are_made_again(crashed: Crashed) -> None:
    crashed.restore()
    whole = crashed.home.place.folder.hashes.read_bytes()
    crashed.home.place.folder.hashes.unlink()
    assert _records(crashed.home)[0] == 10
    assert crashed.home.place.folder.hashes.read_bytes().startswith(whole)


def test_the_cut_is_recorded_with_what_was_cut(crashed: Crashed) -> None:
    crashed.restore()
    with crashed.last.open("ab") as file:
        file.write(b"\0\0\2\0torn")
    with crashed.home.opened() as log:
        details = json.loads(log.records(10, 1)[0])["details"]
    assert details["segment"] == crashed.last.name
    assert details["bytes"] == 8
    assert len(details["sha256"]) == 64


def test_a_segment_without_a_whole_header_was_never_begun(crashed: Crashed) -> None:
    crashed.restore()
    folder = crashed.home.place.folder
    with crashed.home.opened(size=1) as log:
        log.checkpoint()
    assert folder.segments() == [0, 3, 10]
    whole = folder.segment(10).read_bytes()
    for size in range(0, len(whole), 17):
        folder.segment(10).write_bytes(whole[:size])
        with crashed.home.opened() as log:
            assert events_of(log)[10:] == ["recovered"]
            assert folder.segments() == [0, 3]
        crashed.home.verified()
        crashed.restore()
        with crashed.home.opened(size=1) as log:
            log.checkpoint()


def test_s36_a_missing_last_segment_is_noticed_by_its_checkpoints(crashed: Crashed) -> None:
    crashed.restore()
    crashed.last.unlink()
    with pytest.raises(AuditRefused, match="6 was signed"), crashed.home.opened():
        pass


def test_a_missing_segment_in_the_middle_is_noticed_when_hashes_are_made_again(
    crashed: Crashed,
) -> None:
    crashed.restore()
    crashed.home.place.folder.segment(0).unlink()
    with crashed.home.opened():
        pass  # its hashes are still there: as after retention


def test_the_log_of_another_origin_is_refused(crashed: Crashed) -> None:
    crashed.restore()
    own = crashed.home.key
    crashed.home.key = CheckpointKey.of("signward/other", new_private_key())
    try:
        with pytest.raises(AuditRefused, match=r"audit\.origin"), crashed.home.opened():
            pass
    finally:
        crashed.home.key = own


def test_checkpoints_of_another_key_are_refused(crashed: Crashed) -> None:
    crashed.restore()
    own = crashed.home.key
    crashed.home.key = CheckpointKey.of(own.verifier.name, new_private_key())
    try:
        with pytest.raises(AuditRefused, match="checkpoint_key"), crashed.home.opened():
            pass
    finally:
        crashed.home.key = own


def test_an_empty_folder_is_no_log(tmp_path: Path) -> None:
    home = LogHome(tmp_path / "audit")
    home.place.folder.segment(0).unlink()
    with pytest.raises(AuditRefused, match="signward audit init"), home.opened():
        pass
    home.folder.rmdir()
    with pytest.raises(AuditRefused, match="signward audit init"), home.opened():
        pass


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    home = LogHome(tmp_path / "audit")
    with home.opened(), pytest.raises(AuditRefused, match="in use"), home.opened():
        pass
    with home.opened():
        pass


def test_a_record_with_the_wrong_number_is_no_record(crashed: Crashed) -> None:
    crashed.restore()
    with crashed.last.open("ab") as file:
        file.write(encode_frame(b'{"seq":7,"time":"2026-01-01T00:00:00.000000Z","event":"x"}'))
    signatures, events = _records(crashed.home)
    assert (signatures, events[-1]) == (10, "recovered")


def test_a_record_that_is_none_stops_no_start(tmp_path: Path) -> None:
    home = LogHome(tmp_path / "audit")
    with home.place.folder.segment(0).open("ab") as file:
        file.write(encode_frame(b'{"seq":0,"time":7}'))
    with home.opened() as log:
        assert log.record(an_entry()).sequence == 1


def test_a_segment_that_has_its_age_is_followed_after_a_restart(tmp_path: Path) -> None:
    home = LogHome(tmp_path / "audit")
    clock = home.clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    with home.opened(age=100.0) as log:
        log.record(an_entry())
    clock.advance(90)
    with home.opened(age=100.0) as log:
        log.record(an_entry())
        clock.advance(9)
        log.checkpoint()
        log.record(an_entry())
        clock.advance(2)
        log.checkpoint()
    assert home.place.folder.segments() == [0, 3]
    home.verified()
