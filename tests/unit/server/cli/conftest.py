"""A home to run commands on, and ways to run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from signward_server.cli import app
from typer.testing import CliRunner, Result

COMMAND = (sys.executable, "-c", "from signward_server.cli import app; app()")


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command in this process, without the variables of the surroundings."""
    for name in list(os.environ):
        if name.startswith("SIGNWARD_"):
            monkeypatch.delenv(name)

    def run(*arguments: str | Path, **environment: str) -> Result:
        return CliRunner().invoke(app, [str(a) for a in arguments], env=environment)

    return run


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a command in a process of its own; it does not outlive the test."""
    processes: list[subprocess.Popen[str]] = []

    def run(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        clean = {name: value for name, value in os.environ.items() if not _spies(name)}
        process = subprocess.Popen(
            [*COMMAND, *(str(a) for a in arguments)],
            env={**clean, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


def _spies(name: str) -> bool:
    return name.startswith(("SIGNWARD_", "GRPC_TRACE", "LD_")) or name == "SSLKEYLOGFILE"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that is copied for each test, since making one takes a while."""
    folder = tmp_path_factory.mktemp("template")
    options = ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    made = CliRunner().invoke(app, ["init", str(folder / "h"), *options])
    assert made.exit_code == 0, made.stderr
    return folder


@pytest.fixture
def home(tmp_path: Path, template: Path) -> Path:
    """A home that listens on ports of the system's choice."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return tmp_path / "h"
