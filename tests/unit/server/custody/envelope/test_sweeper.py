from __future__ import annotations

import threading
import time

import pytest
from signward_server.custody.envelope.sweeper import Sweeper

from tests.running.waiting import eventually


class Work:
    """Answers what it is told, and lets a test wait for the next look."""

    def __init__(self) -> None:
        self.due: float | None = None
        self.looks = 0
        self._looked = threading.Condition()

    def sweep(self) -> float | None:
        with self._looked:
            self.looks += 1
            self._looked.notify_all()
            return self.due

    def wait_for(self, looks: int, timeout: float = 5.0) -> bool:
        with self._looked:
            return self._looked.wait_for(lambda: self.looks >= looks, timeout)


@pytest.fixture
def work() -> Work:
    return Work()


def test_nothing_due_means_no_looking(work: Work) -> None:
    sweeper = Sweeper(work.sweep)
    assert work.wait_for(1)
    assert not work.wait_for(2, timeout=0.4)
    assert sweeper.alive
    sweeper.stop()
    assert not sweeper.alive
    sweeper.stop()


def test_looks_again_when_something_is_due(work: Work) -> None:
    work.due = 0.3
    started = time.monotonic()
    sweeper = Sweeper(work.sweep)
    assert work.wait_for(2)
    assert 0.25 <= time.monotonic() - started < 0.9
    sweeper.stop()


def test_does_not_spin_on_what_is_overdue(work: Work) -> None:
    work.due = -5.0
    started = time.monotonic()
    sweeper = Sweeper(work.sweep)
    time.sleep(0.6)
    assert work.wait_for(2)
    looks = work.looks
    assert looks <= 1 + (time.monotonic() - started) / 0.25
    sweeper.stop()


def test_looks_every_second_while_something_waits(work: Work) -> None:
    work.due = 3600.0
    started = time.monotonic()
    sweeper = Sweeper(work.sweep)
    assert work.wait_for(2)
    assert 0.9 < time.monotonic() - started < 3.0
    sweeper.stop()


def test_wakes_for_what_ends_earlier(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signward_server.custody.envelope.sweeper._LONGEST_WAIT", 60.0)
    sweeper = Sweeper(work.sweep)
    assert work.wait_for(1)
    work.due = 30.0
    sweeper.expect(1e9)
    assert work.wait_for(2, timeout=5.0)
    assert eventually(lambda: sweeper._waiting == 30.0)
    sweeper.expect(31.0)
    assert not work.wait_for(3, timeout=0.3)
    sweeper.expect(0.3)
    assert work.wait_for(3, timeout=5.0)
    sweeper.stop()


def test_is_no_reason_for_the_process_to_stay(work: Work) -> None:
    sweeper = Sweeper(work.sweep)
    (thread,) = [each for each in threading.enumerate() if each.name == "unlock-sweeper"]
    assert thread.daemon
    sweeper.stop()
