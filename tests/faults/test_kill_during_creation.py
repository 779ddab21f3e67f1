"""kill -9 while keys are made: what was acknowledged is there, whole (promise 8)."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from signward_server.store import open_store

from tests.fakes.catalogue_keys import catalogue_key, creation_scope, signing_scope
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock

_VARIABLES = {"PYTHONPATH": os.pathsep.join(sys.path)}
_CREATE = """
import sys
from pathlib import Path
from signward_server.store import open_store
from tests.fakes.catalogue_keys import catalogue_key, creation_scope, signing_scope
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock

store = open_store(Path(sys.argv[1]), SteppedClock())
catalogue, requests = store.catalogue(HmacRows()), store.requests(HmacRows())
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 100_000):
    name = f"k{number}"
    catalogue.insert(catalogue_key(name), name.encode(), creation_scope(name), b"c" * 32)
    requests.claim(signing_scope(name), b"c" * 32, number)
    print(name, flush=True)
"""
_OPEN = """
import sys, time
from pathlib import Path
from signward_server.store import open_store
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock

started = time.monotonic()
store = open_store(Path(sys.argv[1]), SteppedClock())
catalogue = store.catalogue(HmacRows())
print(time.monotonic() - started)
assert catalogue.quarantined == frozenset()
store.close()
"""


def run_and_kill(path: Path, first: int, after: float) -> list[str]:
    """Make keys, kill the process some time after the first one; return what it reported."""
    process = subprocess.Popen(
        [sys.executable, "-c", _CREATE, path, str(first)],
        env=_VARIABLES,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as stdout:
        names = [stdout.readline().strip()]
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        names += [line.strip() for line in stdout if line.endswith("\n")]
    assert process.wait(10) == -signal.SIGKILL
    return names


def seconds_to_open(path: Path) -> float:
    """Return how long a process takes that does nothing else, and that nobody measures."""
    command = [sys.executable, "-c", _OPEN, path]
    return float(subprocess.check_output(command, env=_VARIABLES, timeout=30))


def check(path: Path, acknowledged: list[str]) -> int:
    """Open the store and compare; return the number of keys in it."""
    assert seconds_to_open(path) < 2
    store = open_store(path, SteppedClock())
    catalogue = store.catalogue(HmacRows())
    assert catalogue.quarantined == frozenset()
    materials, requests = store.materials(), store.requests(HmacRows())
    for name in acknowledged:
        assert catalogue.get(name) == catalogue_key(name)
        assert requests.claim(signing_scope(name), b"c" * 32, 0).version == int(name[1:])
    for key in catalogue.page("", 1_000_000):
        assert materials.read_material(key.id, 1) == key.id.encode()
        made = catalogue.insert(catalogue_key(key.id), None, creation_scope(key.id), b"c" * 32)
        assert made == key
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    return len(catalogue)


def rounds(path: Path, number: int) -> None:
    chance = random.Random(20261121)  # noqa: S311 - moments to kill at, not secrets
    acknowledged: list[str] = []
    for round_number in range(number):
        acknowledged += run_and_kill(path, round_number * 1_000_000, chance.uniform(0, 0.1))
        keys = check(path, acknowledged)
        # At most the key that was being made may be there without having been reported.
        assert len(acknowledged) <= keys <= len(acknowledged) + round_number + 1


def test_no_created_key_is_lost_and_none_is_half(tmp_path: Path) -> None:
    rounds(tmp_path / "signward.db", 10)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_no_created_key_is_lost_and_none_is_half_soak(tmp_path: Path) -> None:
    rounds(tmp_path / "signward.db", 200)
