"""Running commands in this process against the fake daemon."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from signward.cli.app import app
from typer.testing import CliRunner

from tests.fakes.daemon import FakeDaemon


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    stdout: str
    stderr: str

    @property
    def json(self):
        return json.loads(self.stdout)


Run = Callable[..., Outcome]


@pytest.fixture
def connection(daemon: FakeDaemon, authority, bot_files, monkeypatch) -> dict[str, str]:
    """Point the environment at the fake daemon."""
    environment = {
        "SIGNWARD_TARGET": daemon.target,
        "SIGNWARD_CA": str(authority.ca),
        "SIGNWARD_CERT": str(bot_files.certificate),
        "SIGNWARD_KEY": str(bot_files.private_key),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SIGNWARD_PROFILE", raising=False)
    return environment


@pytest.fixture
def bare_run() -> Run:
    def run(*arguments: str, input: bytes | None = None) -> Outcome:  # noqa: A002
        result = CliRunner().invoke(app, arguments, input=input)
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def run(connection, bare_run: Run) -> Run:
    return bare_run
