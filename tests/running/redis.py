"""Debian's redis-server, as a process of our own on a private Unix socket."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.running.homes import PATIENCE, ROOT

__all__ = ["RedisServer", "redis_program"]

_UNPACKED = ROOT / "build" / "tools" / "redis"


def redis_program() -> Path | None:
    """Return the program, ``None`` if there is none."""
    installed = shutil.which("redis-server")
    unpacked = _UNPACKED / "usr" / "bin" / "redis-server"
    if installed:
        return Path(installed)
    return unpacked if unpacked.exists() else None


class RedisServer:
    """A server that can be stopped, started again and frozen.

    Args:
        program: See ``redis_program``.
        folder: For its socket and files; its path is short.
    """

    def __init__(self, program: Path, folder: Path, *options: str) -> None:
        self._command = [
            str(program), "--port", "0", "--unixsocket", f"{folder}/s", "--unixsocketperm", "600",
            "--dir", str(folder), "--save", "", "--appendonly", "no", "--logfile", "log", *options,
        ]  # fmt: skip
        libraries = ":".join(map(str, (_UNPACKED / "usr" / "lib").glob("*-linux-gnu")))
        self._environment = os.environ | ({"LD_LIBRARY_PATH": libraries} if libraries else {})
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self._folder / "s"

    @property
    def url(self) -> str:
        return f"redis+unix://{self.socket}"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, env=self._environment)
        deadline = time.monotonic() + PATIENCE
        while not self._pongs():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stop(self) -> None:
        """Kill it; does nothing if it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it accept connections, and answer nothing, for a while."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def ask(self, command: str) -> str:
        """Return what it answers to a command, as far as it comes at once."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self.socket))
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(2**20).decode()

    def _pongs(self) -> bool:
        try:
            return self.ask("PING").startswith(("+PONG", "-NOAUTH"))
        except OSError:
            return False
