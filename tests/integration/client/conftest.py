"""A real daemon in a home of its own, for all tests of the folder."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from signward import Client
from signward.profiles import read_profile

from tests.running.ports import free_port

_PATIENCE = 30.0
_COMMAND = (sys.executable, "-c", "from signward_server.cli import app; app()")


@dataclass(frozen=True, slots=True)
class Daemon:
    """Where the daemon is, and what it keeps and says.

    Attributes:
        home: Its home.
        tcp: Its listener for client certificates.
        unix: The same on a Unix socket.
        api_keys: Its listener for API keys alone.
        log: What it has said on standard error.
    """

    home: Path
    tcp: str
    unix: str
    api_keys: str
    log: Path

    @property
    def clients(self) -> Path:
        return self.home / "clients"

    @property
    def profiles(self) -> Path:
        return self.clients / "profiles.toml"


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIGNWARD_")}
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _when_ready(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Return what the daemon says once it is ready."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(_PATIENCE), "the daemon did not become ready"
    said: dict[str, Any] = json.loads(process.stdout.readline())
    assert said["ready"] is True
    return said


def _localhost(address: str) -> str:
    return f"localhost:{address.rpartition(':')[2]}"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    home = tmp_path_factory.mktemp("d") / "home"
    flags = ["--tcp", f"127.0.0.1:{free_port()}", "--http", "127.0.0.1:0"]
    environment = _environment()
    subprocess.run(
        [*_COMMAND, "init", str(home), *flags],
        env=environment, check=True, capture_output=True, timeout=_PATIENCE,
    )  # fmt: skip
    flags = ["--set", "listen.api_keys=127.0.0.1:0"]
    log = home.with_name("log")
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*_COMMAND, "serve", "--home", str(home), "--development", *flags],
            env=environment, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
    try:
        said = _when_ready(process)
        unix = f"unix:{home}/run/signward.sock"
        yield Daemon(home, _localhost(said["tcp"]), unix, _localhost(said["api_keys"]), log)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(_PATIENCE) == 0
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="module")
def client(daemon: Daemon) -> Iterator[Client]:
    with Client.from_profile("bot", daemon.profiles) as client:
        yield client


@pytest.fixture(scope="module")
def admin(daemon: Daemon) -> Iterator[Client]:
    with Client.from_profile("admin", daemon.profiles) as client:
        yield client


@pytest.fixture(params=["tcp", "unix"])
def either(request: pytest.FixtureRequest, daemon: Daemon) -> Iterator[Client]:
    """A client over TCP and one over the Unix socket, the host name left to the library."""
    credentials = read_profile("bot", daemon.profiles).credentials()
    with Client(getattr(daemon, request.param), credentials) as client:
        yield client
