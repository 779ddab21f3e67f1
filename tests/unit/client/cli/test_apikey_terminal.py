"""Secrets at a real terminal, and in tracebacks: they are not shown."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time

import pytest

OURS = "correct-horse-battery-staple"
MAIN = "from signward.cli import main; main()"
IMPORT = ("apikey", "import", "--identity", "dns:bot", "--expires", "90d")
PATIENCE = 30.0


def _environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **more}


def _read_until(terminal: int, sign: bytes) -> bytes:
    """Return what the terminal shows until the sign, or until the process is gone."""
    shown, end = b"", time.monotonic() + PATIENCE
    while sign not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                shown += os.read(terminal, 4096)
            except OSError:  # EIO: the other end is closed (pty(7))
                break
    return shown


@pytest.mark.usefixtures("connection")
def test_a_terminal_is_asked_and_shows_nothing(daemon):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *IMPORT],
        stdin=theirs, stdout=theirs, stderr=theirs, env=_environment(), start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        shown = _read_until(ours, b"Secret: ")
        assert b"Secret: " in shown
        time.sleep(0.2)  # the echo is turned off beside the question
        os.write(ours, f"{OURS}\n".encode())
        shown += _read_until(ours, b"\0 never shown")
        assert process.wait(PATIENCE) == 0, shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert OURS.encode() not in shown
    assert b"imported" in shown
    assert daemon.calls("ImportApiKey")[0].secret == OURS


@pytest.mark.usefixtures("connection")
@pytest.mark.parametrize("debug", ["", "1"])
def test_no_fault_shows_a_secret(daemon, monkeypatch, debug):
    """Not even a fault of ours in the middle of a call, with tracebacks asked for."""
    broken = (
        "import signward.api_keys as module\n"
        "def fail(*_): raise ZeroDivisionError\n"
        "module.expiry_message = fail\n"
    )
    secret = "signward_" + "x1y2z3" * 8 + "q"
    environment = _environment(SIGNWARD_DEBUG=debug, SIGNWARD_API_KEY=secret)
    result = subprocess.run(
        [sys.executable, "-c", broken + MAIN, *IMPORT],
        input=OURS, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == (1 if debug else 7)
    assert ("Traceback" in result.stderr) is bool(debug)
    assert "ZeroDivisionError" in result.stderr
    for hidden in (OURS, secret):
        assert hidden not in result.stdout + result.stderr
    assert daemon.seen == []


@pytest.mark.usefixtures("connection")
def test_a_refused_api_key_is_in_no_output(daemon):
    from tests.fakes.statuses import status

    secret = "signward_" + "x1y2z3" * 8 + "q"
    daemon.plan("GetKey", status("UNAUTHENTICATED", "API_KEY_INVALID", "Not accepted."))
    result = subprocess.run(
        [sys.executable, "-c", MAIN, "key", "get", "k"],
        env=_environment(SIGNWARD_DEBUG="1", SIGNWARD_API_KEY=secret),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 3
    assert daemon.seen[0].authorization == (f"Bearer {secret}",)
    assert result.stderr == (
        "signward: API_KEY_INVALID: Not accepted; check the API key, and the addresses that it "
        "may be used from\n"
    )
