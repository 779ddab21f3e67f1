"""Every example in the documentation runs, and so does every example program."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from signward import Client

from tests.fakes.daemon import FakeDaemon

_ROOT = Path(__file__).parents[3]
_DOCUMENT = (_ROOT / "docs" / "client.md").read_text("utf-8")
_EXAMPLES = _ROOT / "client" / "examples"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", _DOCUMENT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def surroundings(daemon, open_daemon, authority, bot_files, tmp_path, monkeypatch):
    """A folder as ``signward init`` makes it for clients, the environment, and a key."""
    for name, source in {
        "ca.crt": authority.ca,
        "bot.crt": bot_files.certificate,
        "bot.key": bot_files.private_key,
    }.items():
        (tmp_path / name).write_bytes(source.read_bytes())
    for name in ("desk.secret", "old.secret"):
        (tmp_path / name).write_text(f"{name}-{'0123456789' * 3}\n")
    (tmp_path / "order.json").write_text('{"type": "noop"}')
    [profiles] = blocks("toml")
    path = tmp_path / "profiles.toml"
    path.write_text(located(profiles, daemon, open_daemon))
    for name in ("TARGET", "CA", "CERT", "KEY", "API_KEY", "API_KEY_FILE", "SERVER_NAME"):
        monkeypatch.delenv(f"SIGNWARD_{name}", raising=False)
    monkeypatch.setenv("SIGNWARD_PROFILES", str(path))
    monkeypatch.setenv("SIGNWARD_PROFILE", "bot")
    monkeypatch.chdir(tmp_path)
    for one in (daemon, open_daemon):
        one.add_key("bot-1")
    return daemon, open_daemon


def located(text: str, daemon: FakeDaemon, open_daemon: FakeDaemon) -> str:
    """Return a text in which the daemons are where they are."""
    targets = {"localhost:7443": daemon.target, "localhost:7444": open_daemon.target}
    for written, real in targets.items():
        text = text.replace(written, real)
    return text


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python_in_the_documentation_runs(surroundings, number):
    source = located(blocks("python")[number], *surroundings)
    exec(compile(source, f"client.md, example {number}", "exec"), {"__name__": "example"})  # noqa: S102
    assert any(daemon.seen for daemon in surroundings)


def test_the_profile_with_an_api_key_works(surroundings):
    with Client.from_profile("desk") as client:
        client.get_key("bot-1")
    [seen] = surroundings[1].seen
    assert seen.authorization[0].startswith("Bearer desk.secret-")


def test_the_documentation_has_examples():
    assert len(blocks("python")) >= 9


def test_commands_in_the_documentation_run(surroundings):
    from signward.cli.app import app
    from typer.testing import CliRunner

    lines = [line for block in blocks("console") for line in block.splitlines()]
    assert len(lines) > 10
    for line in lines:
        program, *arguments = shlex.split(line.removeprefix("$ "))
        result = CliRunner().invoke(app, arguments)
        assert (program, result.exit_code) == ("signward", 0), line + result.output


def test_exit_codes_are_documented_as_they_are():
    from signward.cli import failures

    for code, meaning in re.findall(r"^\| (\d+) \| (.*) \|$", _DOCUMENT, re.MULTILINE):
        assert re.search(rf"^{code} +{re.escape(meaning)}$", failures.__doc__, re.MULTILINE)


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(_EXAMPLES / program), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_sign_message(surroundings):
    result = run("sign_message.py", "bot-1", "hello")
    assert result.returncode == 0, result.stderr
    signature, rest = result.stdout.split(" ", 1)
    assert len(bytes.fromhex(signature)) == 64
    assert rest == "by bot-1, version 1\n"
    refused = run("sign_message.py", "unknown", "hello")
    assert refused.returncode == 1
    assert refused.stderr == "not signed: KEY_NOT_FOUND: There is no such key.\n"
    assert run("sign_message.py").stderr.startswith("usage: ")


def test_stream_orders(surroundings):
    result = run("stream_orders.py", "bot-1", "25")
    assert result.returncode == 0, result.stderr
    prices = {line.split()[0] for line in result.stdout.splitlines()}
    assert prices == {str(42_000 + number) for number in range(25)}
    refused = run("stream_orders.py", "unknown", "2")
    assert refused.returncode == 1
    assert refused.stderr.count("KEY_NOT_FOUND") == 2
    assert run("stream_orders.py").stderr.startswith("usage: ")


def test_asyncio_bot(surroundings):
    result = run("asyncio_bot.py", "bot-1", "25")
    assert result.returncode == 0, result.stderr
    prices = [line.split()[0] for line in result.stdout.splitlines()]
    assert prices == [str(42_000 + number) for number in range(25)]
    refused = run("asyncio_bot.py", "unknown", "2")
    assert refused.returncode == 1
    assert refused.stderr.count("KEY_NOT_FOUND") == 1
    assert run("asyncio_bot.py").stderr.startswith("usage: ")
