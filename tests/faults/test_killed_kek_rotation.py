"""kill -9 while the KEK is rotated: nothing is lost, nothing half, and it goes on."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.running.filling import fill
from tests.running.homes import PATIENCE, ROOT, SIGNWARD, Home, environment
from tests.running.offline import offline
from tests.running.rekeyed import add_api_keys, check

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

KEYS, API_KEYS = 40, 20
_ROUNDS = (sys.executable, "-m", "tests.faults.kek_rounds")


@pytest.fixture
def filled(new_home: Callable[[], Home]) -> Home:
    home = new_home()
    fill(home, range(KEYS))
    add_api_keys(home.path, API_KEYS)
    return home


def rounds(home: Home, steps: str, kind: str) -> int:
    target = home.path.with_name(f"{home.path.name}-killed")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.faults.kek_rounds",
            str(home.path),
            str(target),
            str(KEYS),
            str(API_KEYS),
            steps,
            kind,
        ],
        cwd=ROOT,
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return int(json.loads(done.stdout)["rounds"])


def test_s22_a_rotation_that_is_killed_at_any_step_goes_on(filled: Home) -> None:
    assert rounds(filled, "0:1", "file") > 20


@pytest.mark.soak
def test_s22_to_a_passphrase_as_well(filled: Home) -> None:
    assert rounds(filled, "0:1", "passphrase") > 20


def kill_sometime(home: Home, number: int) -> None:
    """Rotate again and again by the command, and kill it at moments that nobody chose."""
    chance, killed = random.Random(20261121), 0  # noqa: S311 - moments, not secrets
    for _ in range(number):
        process = subprocess.Popen(
            [*SIGNWARD, "kek", "rotate", "--json", "--home", str(home.path)],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        lock = home.path / "lock"
        while process.poll() is None and not (lock.exists() and lock.read_bytes()):
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.5))
        process.kill()
        killed += process.wait(PATIENCE) < 0
        assert process.stderr is not None
        process.stderr.close()
        done = offline("kek", "rotate", "--json", home=home)
        assert done.returncode == 0, done.stderr
        check(home.path, KEYS, API_KEYS)
    assert killed > number // 4
    assert not (home.path / "kek.rotation").exists()
    assert not home.kek.with_name("kek.new").exists()


def test_s22_killed_at_moments_that_nobody_chose_it_goes_on(filled: Home) -> None:
    kill_sometime(filled, 10)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_s22_killed_at_moments_that_nobody_chose_it_goes_on_soak(filled: Home) -> None:
    kill_sometime(filled, 200)
