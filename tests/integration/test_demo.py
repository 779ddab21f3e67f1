"""The demo shows what it says it shows, and leaves nothing behind however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_DEMO = _ROOT / "client" / "examples" / "demo.py"

pytestmark = pytest.mark.integration


@pytest.fixture
def start(tmp_path):
    """Start the demo with a folder for temporary files of its own."""
    path = os.pathsep.join(map(str, (_ROOT / "client", _ROOT / "server")))
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": path, "TMPDIR": str(tmp_path)}
    started = []

    def start_it(demo=_DEMO, **more):
        process = subprocess.Popen(
            [sys.executable, str(demo)],
            env=environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start_it
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def _daemons_of(folder):
    """Return the command lines of living processes that name a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended meanwhile
        if str(folder) in line and "serve" in line:
            found.append(line)
    return found


def test_it_succeeds_and_leaves_nothing_behind(start, tmp_path):
    process = start()
    told, _ = process.communicate(timeout=100)
    assert process.returncode == 0, told
    assert "132 signatures, all verified" in told
    assert "no certificate       UNAVAILABLE" in told
    assert "KEY_NOT_FOUND" in told
    assert list(tmp_path.iterdir()) == []
    assert _daemons_of(tmp_path) == []


def test_the_bots_demo_shows_fills_and_refusals_and_leaves_nothing_behind(start, tmp_path):
    process = start(_DEMO.with_name("hyperliquid_demo.py"))
    told, _ = process.communicate(timeout=100)
    assert process.returncode == 0, told
    assert "  filled: " in told
    assert "a large order: POLICY_DENIED (no-order-above-1000-usdc)" in told
    assert "a withdrawal: POLICY_DENIED (no policy permits it)" in told
    assert "refused by the exchange: Post only order would have immediately matched" in told
    assert "  decided    no-order-above-1000-usdc\n" in told
    assert list(tmp_path.iterdir()) == []
    assert _daemons_of(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing_behind(start, tmp_path, number):
    process = start()
    for line in process.stdout:
        if "ready at" in line:
            break
    assert len(_daemons_of(tmp_path)) == 1
    process.send_signal(number)
    told, _ = process.communicate(timeout=40)
    assert process.returncode == 130, told
    assert list(tmp_path.iterdir()) == []
    assert _daemons_of(tmp_path) == []


def test_a_daemon_that_does_not_start_is_a_failure(start, tmp_path):
    process = start(GRPC_TRACE="all")  # the daemon refuses to serve with it: it logs secrets
    told, _ = process.communicate(timeout=40)
    assert process.returncode == 1, told
    assert "The demo failed. The daemon does not start" in told
    assert "GRPC_TRACE" in told
    assert list(tmp_path.iterdir()) == []
