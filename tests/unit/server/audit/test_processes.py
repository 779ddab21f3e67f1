"""Processes that are killed, or meet the limits of real file systems, lose nothing they told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from signward_server.audit.checkpoint_key import CheckpointKey, new_private_key
from signward_server.audit.log import Log
from signward_server.core.errors import AuditUnavailable

from tests.fakes.audit_logs import ORIGIN, LogHome, an_entry, events_of
from tests.unit.server.audit.waiting import eventually

WORKER = """\
import resource, signal, sys, threading
from pathlib import Path
from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.audit.keeping import Bounds
from signward_server.audit.opening import Options, open_log
from signward_server.core.clock import SystemClock
from signward_server.core.errors import AuditUnavailable
from tests.fakes.audit_logs import ORIGIN, an_entry
from tests.fakes.meter import FakeMeter

folder, key, durability, largest = sys.argv[1:]
if largest != "0":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), resource.RLIM_INFINITY))
options = Options(folder=Path(folder), durability=durability, bounds=Bounds(size=100_000))
key = CheckpointKey.of(ORIGIN, Path(key).read_bytes())
log = open_log(options, key, SystemClock(), FakeMeter())
turn = threading.Lock()

def work(name):
    for number in range(1_000_000):
        try:
            receipt = log.record(an_entry(request_id=f"{name}-{number}"))
        except AuditUnavailable:
            with turn:
                print("refused", flush=True)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            threading.Event().wait(0.1)
            continue
        with turn:
            print(receipt.sequence, f"{name}-{number}", flush=True)

for name in "abc":
    threading.Thread(target=work, args=(name,)).start()
"""


_LEAST = 11  # lines that are told before the time begins after which it is killed


@pytest.fixture
def home(tmp_path: Path) -> LogHome:
    made = LogHome(tmp_path / "audit")
    pem = new_private_key()
    (tmp_path / "key").write_bytes(pem)
    made.key = CheckpointKey.of(ORIGIN, pem)
    return made


def _run(home: LogHome, seconds: float, durability: str = "group", largest: int = 0) -> list[str]:
    """Record some and then for a while, be killed, return what was told."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, home.folder, home.folder.parent / "key", durability,
         str(largest)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(_LEAST)]
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.readlines()
    process.wait(10)
    process.stdout.close()
    return [line.rstrip() for line in lines if line.endswith("\n")]


def _assert_told(home: LogHome, told: list[str]) -> None:
    with home.opened() as log:
        recorded = log.records(0, 10**6)
        while len(recorded) < log.size:
            recorded = [*recorded, *log.records(len(recorded), 10**6)]
    seen = set()
    for line in told:
        if line == "refused":
            continue
        sequence, name = line.split()
        assert f'"request_id":"{name}"'.encode() in recorded[int(sequence)]
        assert sequence not in seen
        seen.add(sequence)
    home.verified()


@pytest.mark.parametrize("durability", ["group", "sync"])
def test_s37_a_process_that_is_killed_has_recorded_what_it_told(
    home: LogHome, durability: str
) -> None:
    told = []
    for seconds in (0.05, 0.3, 0.61):
        told += _run(home, seconds, durability)
    assert len(told) >= 3 * _LEAST
    _assert_told(home, told)


def test_s37_a_file_that_may_not_grow_is_left_for_another(home: LogHome) -> None:
    told = _run(home, 3.0, largest=50_000)
    assert "refused" in told
    assert len(home.place.folder.segments()) > 1
    _assert_told(home, told)
    again = told.index("refused")
    assert any(line != "refused" for line in told[again:])  # it went on by itself


def test_s37_a_full_disk_stops_it_and_space_lets_it_go_on(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.fail("no tmpfs can be mounted; run this as root") if os.geteuid() == 0 else None
        return
    try:
        _fill_and_free(disk)
    finally:
        subprocess.run(["umount", disk], check=True)


def _recorded(log: Log) -> bool:
    try:
        log.record(an_entry())
    except AuditUnavailable:
        return False
    return True


def _fill_and_free(disk: Path) -> None:
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(100_000))
    home = LogHome(disk / "audit")
    with home.opened() as log:
        told = 0
        while told < 10_000 and _recorded(log):
            told += 1
        assert not log.healthy()
        time.sleep(1.2)
        assert not log.healthy()
        ballast.unlink()
        assert eventually(log.healthy)
        log.record(an_entry())
        assert events_of(log)[:told] == ["signature"] * told
        assert "recovered" in events_of(log)
    home.verified()
