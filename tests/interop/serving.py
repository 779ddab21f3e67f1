"""Starts a daemon as a user does, in a process of its own."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PATIENCE", "Served", "serving", "surroundings"]

PATIENCE = 60.0
_ANY_PORT = ("--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0")
_SIGNWARD = (sys.executable, "-c", "from signward_server.cli import app; app()")


@dataclass(frozen=True, slots=True)
class Served:
    """A running daemon.

    Attributes:
        home: Its folder, as ``signward init`` made it.
        tcp: ``HOST:PORT``.
        socket: Its Unix socket.
    """

    home: Path
    tcp: str
    socket: Path

    def client_file(self, name: str) -> str:
        """Return the path of a client's file, such as ``bot.crt``."""
        return str(self.home / "clients" / name)


def surroundings(**variables: str) -> dict[str, str]:
    """Return our environment without settings of Signward, and with our sources."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIGNWARD_")}
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)} | variables


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Make a home in a folder and serve it until the end of the block; it must end cleanly."""
    home = folder / "home"
    environment = surroundings()
    subprocess.run(
        [*_SIGNWARD, "init", str(home), *_ANY_PORT],
        env=environment, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE,
    )  # fmt: skip
    process = subprocess.Popen(
        [*_SIGNWARD, "serve", "--home", str(home)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with process:
        try:
            yield _bound(process, home)
        finally:
            process.terminate()
            try:
                code = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    assert code == 0


def _bound(process: subprocess.Popen[bytes], home: Path) -> Served:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(PATIENCE), "the daemon did not become ready"
    bound = json.loads(process.stdout.readline())
    return Served(home, bound["tcp"], Path(bound["unix"]))
