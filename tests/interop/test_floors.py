"""The base install at its oldest versions, and what is said where more is needed."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.interop.installed import Installed, install
from tests.running.homes import ROOT
from tests.running.process import Daemon

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

_PROGRAM = Path(__file__).with_name("floors_client.py")
_FILES = ("ca.crt", "admin.crt", "admin.key")


@pytest.fixture(scope="session")
def installed() -> Installed:
    return install(ROOT / "build" / "floors")


@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_the_oldest_versions_sign(
    installed: Installed, shared_daemon: Daemon, transport: str
) -> None:
    target = shared_daemon.tcp if transport == "tcp" else shared_daemon.unix
    files = [str(shared_daemon.home.path / "clients" / name) for name in _FILES]
    arguments = [target, *files, f"floors-{transport}", "oldest"]
    finished = installed.run("python", str(_PROGRAM), *arguments)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    seen = json.loads(finished.stdout)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert sorted(f"{name}>={number}" for name, number in seen["versions"].items()) == sorted(
        project["dependencies"]
    )
    public_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(seen["public_key"]))
    assert len(seen["signatures"]) == 4
    for signature in seen["signatures"]:
        public_key.verify(bytes.fromhex(signature), b"oldest")
    assert seen["reason"] == "KEY_NOT_FOUND"
    assert not {"signward_server", "typer", "rich", "cryptography"} & set(seen["modules"])


def test_the_base_install_says_how_to_get_the_command_line(installed: Installed) -> None:
    finished = installed.run("signward", "health")
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr == (
        "signward: the command line needs typer; pip install 'signward[cli]'\n"
    )


def test_the_command_line_alone_reaches_a_daemon(
    installed: Installed, shared_daemon: Daemon
) -> None:
    ca, cert, key = (str(shared_daemon.home.path / "clients" / name) for name in _FILES)
    connection = ["--target", shared_daemon.tcp, "--ca", ca, "--cert", cert, "--key", key]
    finished = installed.run("signward", "health", *connection, cli=True)
    assert (finished.returncode, finished.stdout) == (0, "SERVING\n"), finished.stderr
    made = installed.run(
        "signward", "key", "create", "floors-cli", "--algorithm", "secp256k1",
        "--purpose", "order", *connection, cli=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["serve"], ["serve", "--home", "home"], ["init", "home"], ["migrate"], ["config", "show"],
        ["config", "check"], ["config", "schema"], ["policy", "check"], ["policy", "test"],
        ["cert", "issue", "--identity", "bot", "--out", "clients"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_the_daemon_s_commands_say_what_to_install(
    installed: Installed, command: list[str]
) -> None:
    finished = installed.run("signward", *command, cli=True)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.startswith(f"signward: 'signward {command[0]}' needs ")
    assert finished.stderr.endswith("which is not installed; pip install 'signward[server]'\n")
    assert finished.stderr.count("\n") == 1
