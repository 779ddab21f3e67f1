"""kill -9 while a home is backed up or restored: nothing is half, nothing is left (S22, S41)."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from signward import Algorithm, Purpose
from signward_server.config import load
from signward_server.core.clock import SystemClock
from signward_server.core.startup import BackupRefused
from signward_server.home.instance import RESTORED
from signward_server.home.kek_access import KekAccess
from signward_server.wiring.backing_up import back_up, restore, verify

from tests.faults.test_full_disk import mounted
from tests.running.homes import PATIENCE, ROOT, Home, environment
from tests.running.process import UNMEASURED, Daemon

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ROUNDS: Final = 10
MANY_ROUNDS: Final = 200
_LOAD: Final = 4 * 2**20
"""Bytes beside the log, so that there is time to be killed."""


@pytest.fixture
def large(home: Home, tmp_path: Path) -> tuple[Home, Path]:
    """A home that takes a while, and an archive of it."""
    with Daemon(home) as daemon, daemon.client() as bot:
        bot.create_key("k", algorithm=Algorithm.ALGORITHM_ED25519, purpose=Purpose.PURPOSE_RAW)
    (home.path / "audit" / "load").write_bytes(random.randbytes(_LOAD))  # noqa: S311 -- any bytes
    archive = tmp_path / "archive"
    made(home, archive)
    return home, archive


def made(home: Home, archive: Path) -> None:
    settings = load(home.configuration, environment={})
    back_up(settings, home.path, home.configuration, archive, SystemClock(), KekAccess())


def killed(what: str, home: Home, archive: Path, folder: Path) -> tuple[int, int]:
    """Kill a process some time after it has begun; return how many it has begun and done."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.running.backing_up", what, home.path, archive, folder],
        cwd=ROOT,
        env=environment(**UNMEASURED),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as stdout:
        lines = [stdout.readline()]
        time.sleep(random.uniform(0, 0.3))  # noqa: S311 -- any moment
        process.send_signal(signal.SIGKILL)
        lines += list(stdout)
    assert process.wait(PATIENCE) == -signal.SIGKILL
    said = [line.split()[0] for line in lines if line.endswith("\n")]
    return said.count("begun"), said.count("done")


def is_whole_archive(home: Home, archive: Path) -> None:
    section = load(home.configuration, environment={}).custody.envelope
    assert verify(archive, section, KekAccess()).store == "store/signward.db"


def is_whole_home(home: Home, restored: Path) -> None:
    assert (restored / "instance").read_bytes() == RESTORED
    for name in ("audit/load", "signward.toml", "tls/server.key"):
        assert (restored / name).read_bytes() == (home.path / name).read_bytes()


def kill_again_and_again(
    what: str,
    large: tuple[Home, Path],
    folder: Path,
    whole: Callable[[Home, Path], None],
    rounds: int,
) -> None:
    home, archive = large
    interrupted = 0
    for number in range(rounds):
        place = folder / f"r{number}"
        place.mkdir()
        begun, done = killed(what, home, archive, place)
        interrupted += begun > done
        found = sorted(path.name for path in place.iterdir() if path.name.isdigit())
        assert len(found) in {done, done + 1}, "what was said to be there, and maybe what was not"
        for name in found:
            whole(home, place / name)
        if what == "backup":
            made(home, place / "last")
        else:
            section = load(home.configuration, environment={}).custody.envelope
            restore(archive, place / "last", section, KekAccess())
        whole(home, place / "last")
        assert list(place.glob(".signward-draft-*")) == [], "the next one removes what was left"
        shutil.rmtree(place)
    assert interrupted >= rounds // 2


@pytest.mark.parametrize(
    ("what", "whole"), [("backup", is_whole_archive), ("restore", is_whole_home)]
)
def test_s22_killed_at_any_moment_nothing_is_half(
    large: tuple[Home, Path], tmp_path: Path, what: str, whole: Callable[[Home, Path], None]
) -> None:
    kill_again_and_again(what, large, tmp_path, whole, ROUNDS)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("what", "whole"), [("backup", is_whole_archive), ("restore", is_whole_home)]
)
def test_s22_killed_at_any_moment_nothing_is_half_soak(
    large: tuple[Home, Path], tmp_path: Path, what: str, whole: Callable[[Home, Path], None]
) -> None:
    kill_again_and_again(what, large, tmp_path, whole, MANY_ROUNDS)


def test_a_full_disk_leaves_nothing(large: tuple[Home, Path], shelf: Path) -> None:
    home, archive = large
    section = load(home.configuration, environment={}).custody.envelope
    with mounted(shelf / "full"):
        with pytest.raises(BackupRefused, match=r"No space left on device.*nothing was left"):
            made(home, shelf / "full" / "archive")
        with pytest.raises(BackupRefused, match=r"No space left on device.*nothing was left"):
            restore(archive, shelf / "full" / "home", section, KekAccess())
        assert list((shelf / "full").iterdir()) == []
    is_whole_archive(home, archive)
