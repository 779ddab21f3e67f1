"""Servers as processes of their own, with our sources and none of the caller's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PATIENCE", "environment", "run", "signward", "started"]

PATIENCE = 20.0  # seconds for a server to start, to connect, and to end
_ROOT = Path(__file__).parents[2]
_SIGNWARD = (sys.executable, "-c", "from signward_server.cli.application import app; app()")


def signward(*arguments: str) -> Sequence[str]:
    """Return the command line of a daemon-side command, as these sources have it."""
    return (*_SIGNWARD, *arguments)


@contextmanager
def started(command: Sequence[str], log: Path) -> Iterator[str]:
    """Run a server until the end of the block, and give the line that it prints when ready.

    Raises:
        RuntimeError: It ended instead; with the end of what it said on standard error.
    """
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command,
            env=environment(),
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError(f"a server did not start: {log.read_text()[-2000:]}")
            yield line
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def run(command: Sequence[str]) -> None:
    """Run a command to its end.

    Raises:
        subprocess.CalledProcessError: It failed; what it said is on standard error.
    """
    subprocess.run(
        command, env=environment(), cwd=_ROOT, check=True, stdout=subprocess.DEVNULL, timeout=60
    )


def environment() -> Mapping[str, str]:
    """Return our environment without settings of a daemon, and with our sources."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SIGNWARD_")}
    sources = (_ROOT / "client", _ROOT / "server", _ROOT)
    return inherited | {"PYTHONPATH": os.pathsep.join(map(str, sources))}
