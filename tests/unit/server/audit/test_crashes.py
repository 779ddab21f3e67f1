"""A crash before any single operation on a file: what was told is there, and it goes on."""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path

import pytest
from signward_server.audit.log import Log
from signward_server.core.errors import AuditUnavailable
from signward_server.core.startup import AuditRefused

from tests.fakes.audit_logs import LogHome, an_entry, events_of
from tests.fakes.faulty_files import FaultyFiles, UnsyncedFiles

_MOST_STEPS = 200


class CrashingFiles(FaultyFiles):
    """Does so many operations, and then none at all: as seen by whoever looks at the disk."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps
        self.broken: frozenset[str] = frozenset()

    def _enter(self, name: str) -> None:
        self.left -= 1
        if self.left < 0 or name in self.broken:
            raise OSError(errno.EIO, "crashed")

    def sync(self, descriptor: int) -> None:
        self._enter("sync")

    def sync_folder(self, path: Path) -> None:
        self._enter("sync_folder")


def _record(log: Log, told: list[int], count: int = 1) -> None:
    with suppress(AuditUnavailable):
        told += [receipt.sequence for receipt in log.record_all([an_entry()] * count)]


def _life(home: LogHome, files: CrashingFiles, told: list[int], *, repairing: bool) -> None:
    """Record, begin a segment, perhaps have one go bad, and record on."""
    with home.opened(size=1000) as log:
        log._threads[0].stop()  # its rounds are had here, one by one
        look = log._keeping.look
        _record(log, told, 2)
        look()
        _record(log, told)
        if repairing:
            files.broken = frozenset({"write"})
            with pytest.raises(AuditUnavailable):
                log.record(an_entry())
            files.broken = frozenset()
            log._keeping._next_second = 0.0
            look()
        _record(log, told)
        look()
        _record(log, told)


@pytest.mark.parametrize("repairing", [False, True])
def test_s37_a_crash_at_any_step_loses_nothing_that_was_told(
    tmp_path: Path, repairing: bool
) -> None:
    for steps in range(_MOST_STEPS):
        home = LogHome(tmp_path / f"audit-{steps}")
        home.files = files = CrashingFiles(steps)
        told: list[int] = []
        with suppress(AuditRefused):  # it crashed while it was opened
            _life(home, files, told, repairing=repairing)
        home.files = UnsyncedFiles()
        with home.opened() as log:
            events = events_of(log)
            assert [events[sequence] for sequence in told] == ["signature"] * len(told)
            assert sorted(set(told)) == told
            assert log.record(an_entry()).sequence == len(events)
        home.verified()
        if files.left >= 0:
            assert len(told) == 5
            return
    pytest.fail("it takes more steps than were tried")
