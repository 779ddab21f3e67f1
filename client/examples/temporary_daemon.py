"""A daemon in a temporary home for the length of a demo; nothing is left behind."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape
from signward import SignwardError

__all__ = ["SIGNWARD", "demonstrate"]

SIGNWARD = (sys.executable, "-c", "from signward_server.cli.application import app; app()")
ANY_PORT = ("--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
START, STOP = 20, 15  # seconds that each may take


class DaemonError(Exception):
    """A step failed; the text says which, and what it said."""


def demonstrate(console: Console, what: Callable[[Path, str], None]) -> int:
    """Show something with a daemon, and return the exit code.

    Whatever happens, interruption included, the daemon is stopped and the home removed.

    Args:
        console: Told what is done.
        what: What to show, given the daemon's home and its address.
    """
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="signward-demo-") as folder:
            home = Path(folder) / "home"
            console.print("[bold]signward init[/bold]")
            _initialise(home)
            console.print(
                "  CA, certificates, key-encryption key, configuration and store are made"
            )
            console.print("[bold]signward serve[/bold]")
            with _daemon(home) as target:
                console.print(f"  ready at {target}, mTLS")
                what(home, target)
        console.print("[green]The daemon is stopped, the home is removed.[/green]")
    except KeyboardInterrupt:
        console.print("\n[red]Interrupted; everything is cleaned up.[/red]")
        return 130
    except (DaemonError, SignwardError, subprocess.SubprocessError) as error:
        console.print(f"[red]The demo failed.[/red] {escape(str(error))}")
        return 1
    return 0


@contextmanager
def _daemon(home: Path) -> Iterator[str]:
    """Serve a home until the end of the block, and give the address.

    Raises:
        DaemonError: It does not start, or does not end well.
    """
    log = home.parent / "daemon.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [*SIGNWARD, "serve", "--home", str(home), *ANY_PORT],
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # Ctrl-C reaches it through us, after what is shown
        ) as process,
    ):
        try:
            yield _ready(process, log)
        finally:
            process.terminate()
            try:
                process.wait(STOP)
            except subprocess.TimeoutExpired:
                process.kill()
    if process.returncode:
        raise DaemonError(f"The daemon ended with {process.returncode}: {log.read_text()}")


def _ready(process: subprocess.Popen[str], log: Path) -> str:
    """Wait for the line that the daemon prints when it is ready; return its TCP address."""
    line = ""
    with selectors.DefaultSelector() as selector:
        if process.stdout:
            selector.register(process.stdout, selectors.EVENT_READ)
            line = process.stdout.readline() if selector.select(START) else ""
    if not line:
        raise DaemonError(f"The daemon does not start: {log.read_text()}")
    return str(json.loads(line)["tcp"])


def _initialise(home: Path) -> None:
    done = subprocess.run(
        [*SIGNWARD, "init", str(home)],
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=START,
        check=False,
    )
    if done.returncode:
        raise DaemonError(done.stderr)


def _environment() -> dict[str, str]:
    """Return our environment without settings that are meant for another daemon."""
    return {key: text for key, text in os.environ.items() if not key.startswith("SIGNWARD_")}


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # the cleaning up is not interrupted
    raise KeyboardInterrupt
