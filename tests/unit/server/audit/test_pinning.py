"""When the first log writes down which logs there are."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from signward.audit.checkpoints import parse_checkpoint
from signward_server.audit.pinning import Pinning
from signward_server.core.errors import AuditUnavailable

from tests.fakes.clock import FakeClock
from tests.fakes.many_logs import ManyLogs


@dataclass
class _First:
    """The first log, which notes what it is told."""

    segment: int = 0
    notes: list[dict[str, str | int]] = field(default_factory=list)

    def note(self, event, details):
        assert event == "listed"
        self.notes.append(dict(details))


class _Other:
    def __init__(self, log):
        self._log = log

    def newest(self):
        return parse_checkpoint(self._log.note) if self._log.note else None


class _Logs:
    def __init__(self, home):
        self.home = home
        self.failing = False

    def listed(self):
        if self.failing:
            raise AuditUnavailable
        return self.home.list

    def others(self):
        return {name: _Other(log) for name, log in self.home.others.items()}


@pytest.fixture
def home(tmp_path):
    return ManyLogs(tmp_path / "audit", 2)


@pytest.fixture
def pinning(home):
    first, logs, clock = _First(), _Logs(home), FakeClock()
    return Pinning(first, logs, home.folder, clock), first, logs, clock


def test_a_list_is_written_down_once(pinning, home):
    made, first, _, _ = pinning
    made.look()
    made.look()
    assert first.notes == [{"logs": 3, "sha256": home.list.digest()}]


def test_without_a_list_there_is_nothing_to_say(pinning, home):
    made, first, _, _ = pinning
    (home.folder / "logs").unlink()
    made.look()
    assert first.notes == []


def test_each_segment_says_it(pinning):
    made, first, _, _ = pinning
    made.look()
    first.segment = 100
    made.look()
    assert len(first.notes) == 2


def test_how_far_the_others_are_is_said_every_ten_minutes(pinning, home):
    made, first, _, clock = pinning
    made.look()
    home.fill(2)
    made.look()
    assert len(first.notes) == 1
    clock.advance(599)
    made.look()
    assert len(first.notes) == 1
    clock.advance(2)
    made.look()
    assert first.notes[1]["worker-2"].startswith("2 ")
    clock.advance(601)
    made.look()
    assert len(first.notes) == 2


def test_what_cannot_be_read_is_tried_again(pinning):
    made, first, logs, clock = pinning
    logs.failing = True
    made.look()
    assert first.notes == []
    logs.failing = False
    clock.advance(1)
    made.look()
    assert len(first.notes) == 1
