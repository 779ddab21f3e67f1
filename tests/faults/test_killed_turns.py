"""kill -9 of whoever has the turn: another process takes it, and only one at a time has it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from signward_server.store import open_store

from tests.fakes.stepped_clock import SteppedClock

PATIENCE = 20.0
PROCESSES = 3
_TAKE = """
import sys, time
from pathlib import Path
from signward_server.store import open_store
from tests.fakes.stepped_clock import SteppedClock

turn = open_store(Path(sys.argv[1]), SteppedClock()).turn()
print("begun", flush=True)
while not turn.held():
    time.sleep(0.02)
print("held", flush=True)
while turn.held():
    time.sleep(0.02)
"""


class Waiting:
    """A process that waits for the turn, and keeps it."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE, path],
            env={"PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            bufsize=0,  # a line that waits in a buffer is seen by no selector
        )
        assert self.says("begun", PATIENCE)

    def says(self, word: str, patience: float) -> bool:
        """Return whether it says a word in time."""
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(patience):
                return False
            return self.process.stdout.readline() == f"{word}\n".encode()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "store" / "signward.db"
    open_store(path, SteppedClock()).close()
    return path


def holder(waiting: list[Waiting]) -> Waiting:
    """Return the one that says that it has the turn."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for each in waiting:
            if each.says("held", 0.02):
                return each
    raise AssertionError("nobody takes the turn")


def test_another_process_takes_the_turn_of_one_that_was_killed(path: Path) -> None:
    ours = open_store(path, SteppedClock())
    with ExitStack() as ended:
        waiting = [Waiting(path) for _ in range(PROCESSES)]
        for each in waiting:
            ended.callback(each.kill)
        ended.callback(ours.close)
        turn = ours.turn()
        while waiting:
            killed = holder(waiting)
            waiting.remove(killed)
            assert not any(each.says("held", 0.2) for each in waiting)
            assert not turn.held()
            killed.kill()
        assert turn.held()
