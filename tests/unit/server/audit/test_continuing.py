"""A log goes on from what was seen of it, or is not opened (S41)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from signward.audit.checkpoints import parse_checkpoint
from signward_server.audit.continuing import Seen
from signward_server.core.startup import NotAdopted

from tests.fakes.audit_logs import LogHome, an_entry


@pytest.fixture
def home(tmp_path: Path) -> LogHome:
    return LogHome(tmp_path / "audit")


def grown(home: LogHome, records: int) -> Seen:
    """Let a log grow; return what somebody sees of it then."""
    with home.opened() as log:
        for _ in range(records):
            log.record(an_entry())
        checkpoint = parse_checkpoint(log.checkpoint())
    return Seen("a witness", checkpoint.size, checkpoint.root)


def test_s41_it_goes_on_from_every_tree_that_it_has_had(home: LogHome) -> None:
    seen = [grown(home, records) for records in (1, 1, 3, 8, 1)]
    with home.opened(since=[*seen, Seen("nobody", 0, bytes(32))]) as log:
        assert log.size == seen[-1].size == 14
    home.place.folder.hashes.unlink()
    with home.opened(since=seen) as log:
        assert log.size == 14


def test_s41_an_older_copy_of_it_is_refused(home: LogHome, tmp_path: Path) -> None:
    grown(home, 3)
    shutil.copytree(home.folder, tmp_path / "before")
    seen = grown(home, 2)
    shutil.rmtree(home.folder)
    (tmp_path / "before").rename(home.folder)
    with (
        pytest.raises(NotAdopted, match="holds 3 records, but a witness knows 5: an older copy"),
        home.opened(since=[seen]),
    ):
        pass
    assert grown(home, 0).size == 3, "nobody holds its lock or its files"


def test_s41_another_history_is_refused(home: LogHome, tmp_path: Path) -> None:
    grown(home, 3)
    shutil.copytree(home.folder, tmp_path / "before")
    seen = grown(home, 2)
    shutil.rmtree(home.folder)
    (tmp_path / "before").rename(home.folder)
    for records in (2, 4):
        grown(home, records)
        with (
            pytest.raises(NotAdopted, match="does not begin with the 5 records"),
            home.opened(since=[seen]),
        ):
            pass


def test_s41_what_cannot_be_told_any_more_is_refused(home: LogHome) -> None:
    seen = grown(home, 3)
    with home.opened(size=1) as log:  # each record has a segment of its own
        for _ in range(9):
            log.record(an_entry())
            log.checkpoint()
    grown(home, 1)
    for path in (home.place.folder.segment(0), home.place.folder.hashes):
        path.unlink()
    with (
        pytest.raises(NotAdopted, match="cannot be told any more"),
        home.opened(since=[seen]),
    ):
        pass
