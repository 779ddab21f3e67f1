"""Failures, which callers cause at will, take no more of the log than their budget (S38)."""

from __future__ import annotations

import errno
import json
import math
import time
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.audit.clock_watch import ClockWatch
from signward_server.audit.encoding import Encoder
from signward_server.audit.failures import Budget, Failures
from signward_server.audit.keeping import Bounds
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.ports import Event

from tests.fakes.audit_logs import LogHome, an_entry
from tests.fakes.clock import FakeClock
from tests.fakes.faulty_files import FaultyFiles
from tests.fakes.meter import FakeMeter
from tests.fakes.spine.call import FakeCall
from tests.fakes.stepped_clock import SteppedClock
from tests.unit.server.audit.waiting import eventually


def _failures(**budget: int) -> Failures:
    return Failures(Encoder(FakeClock()), Budget(**budget))


def _said(records: list[bytes]) -> list[dict[str, object]]:
    return [json.loads(b'{"seq":0' + record) for record in records]


def test_s38_an_identity_has_so_many_records_a_second() -> None:
    failures = _failures(records=3)
    assert [failures.admits("cn:a", 100) for _ in range(5)] == [True] * 3 + [False] * 2
    assert failures.admits("cn:b", 100)
    failures.drain()
    assert failures.admits("cn:a", 100)


def test_s38_all_identities_together_have_so_many_bytes_a_second() -> None:
    failures = _failures(size=1000)
    admitted = sum(failures.admits(f"cn:{number}", 300) for number in range(100))
    assert admitted == 3


def test_s38_failures_are_counted_by_caller_and_reason() -> None:
    failures = _failures()
    for _ in range(7):
        failures.count("IDENTITY_UNKNOWN", peer="10.0.0.1")
    failures.count("IDENTITY_MISSING", peer="10.0.0.1")
    failures.count("POLICY_DENIED", identity="cn:a")
    said = _said(failures.drain())
    assert [(s["event"], s.get("peer"), s.get("identity"), s["count"]) for s in said] == [
        ("failures", "10.0.0.1", None, 7),
        ("failures", "10.0.0.1", None, 1),
        ("failures", None, "cn:a", 1),
    ]
    assert failures.drain() == []


def test_s38_a_flood_of_many_peers_is_one_number() -> None:
    failures = _failures(counted=10)
    for number in range(20_000):
        failures.count("IDENTITY_UNKNOWN", peer=f"10.0.{number >> 8}.{number & 255}")
    records = failures.drain()
    said = _said(records)
    assert len(said) == 11
    assert (said[-1]["event"], said[-1]["count"]) == ("suppressed", 19_990)
    assert sum(map(len, records)) < 4096


def test_s38_while_space_is_scarce_failures_are_counted_only(
    tmp_path: Path,
) -> None:
    files = FaultyFiles()
    home = LogHome(tmp_path / "audit", files)
    bounds = Bounds(reserve=2**20)
    with home.opened(bounds=bounds) as log:
        files.space = 2**20 - 1
        assert eventually(lambda: log._failures.scarce)
        for _ in range(30):
            log.failed(an_entry("POLICY_DENIED"))
            log.unauthenticated("10.0.0.1", "IDENTITY_UNKNOWN")
        assert eventually(lambda: log._failures._suppressed == 60)
        assert log.record(an_entry()).sequence == 0  # signatures go on
        files.space = 2**30
        assert eventually(lambda: log.size > 1)
        said = json.loads(log.records(1, 1)[0])
        assert (said["event"], said["count"]) == ("suppressed", 60)
    home.verified()


def test_s38_failing_cannot_fill_the_disk(tmp_path: Path) -> None:
    home = LogHome(tmp_path / "audit")
    clients = [FakeCall(Identity(IdentityKind.CN, f"c{number}")) for number in range(20)]
    path = home.place.folder.segment(0)
    began = time.monotonic()
    with home.opened() as log:
        for number in range(4000):
            log.failed(an_entry("POLICY_DENIED", call=clients[number % 20]))
            log.unauthenticated(f"10.0.{number % 200}.1", "IDENTITY_UNKNOWN")
    seconds = math.ceil(time.monotonic() - began) + 1
    counted = sum(
        record.get("count", 1)
        for body in _records(home)
        if (record := json.loads(body))["event"] in {"signature", "failures", "suppressed"}
    )
    assert counted == 8000
    assert path.stat().st_size < (64 * 1024 + 128 * 300) * seconds


def _records(home: LogHome) -> list[bytes]:
    with home.opened() as log:
        return list(log.records(0, 100_000))


def test_failures_that_could_not_be_recorded_are_counted_later(tmp_path: Path) -> None:
    files = FaultyFiles()
    home = LogHome(tmp_path / "audit", files)
    with home.opened() as log:
        files.faults["write"] = errno.ENOSPC
        for _ in range(5):
            log.failed(an_entry("POLICY_DENIED"))
            log.unauthenticated("10.0.0.1", "IDENTITY_UNKNOWN")
        assert not log.healthy()
        assert eventually(lambda: log._failures._suppressed == 10)
        files.faults.clear()
        assert eventually(lambda: _counted(home, log) == 10)
    home.verified()


def _counted(home: LogHome, log: object) -> int:
    records = map(json.loads, log.records(0, 100))  # type: ignore[attr-defined]
    return sum(record.get("count", 0) for record in records)


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_s13_a_step_of_the_wall_clock_is_noticed(seconds: int) -> None:
    clock, meter = SteppedClock(), FakeMeter()
    watch = ClockWatch(clock, meter)
    clock.pass_time(timedelta(hours=2))
    assert watch.look() == 0
    clock.step_wall(timedelta(seconds=4))
    assert watch.look() == 0
    clock.step_wall(timedelta(seconds=seconds))
    assert watch.look() == seconds * 1000
    assert watch.look() == 0
    assert meter.counted == [(Event.CLOCK_STEPPED, "")]
