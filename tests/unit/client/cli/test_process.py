"""The command line as a process: base install, daemon commands, pipes, quickness."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

BLOCK = """
import sys
from importlib.machinery import PathFinder

class Blocker(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        blocked = name.partition(".")[0] in {blocked!r}
        return None if blocked else PathFinder.find_spec(name, path, target)

sys.meta_path = [f for f in sys.meta_path if f is not PathFinder] + [Blocker]
"""
MAIN = "from signward.cli import main; main()"


def python(
    code: str, *arguments: str, path: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    paths = [path, *sys.path] if path else sys.path
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={
            **os.environ,
            **(environment or {}),
            "PYTHONPATH": os.pathsep.join(entry for entry in paths if entry),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_the_base_install_says_what_to_install(library):
    result = python(BLOCK.format(blocked=[library]) + MAIN, "key", "list")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == (
        f"signward: the command line needs {library}; pip install 'signward[cli]'\n"
    )


def test_the_library_works_without_the_extra():
    code = BLOCK.format(blocked=["typer", "rich", "signward_server", "cryptography"])
    result = python(code + "import signward; [getattr(signward, n) for n in signward.__all__]")
    assert result.returncode == 0, result.stderr


def test_the_help_lists_everything_and_loads_no_grpc():
    code = MAIN.replace(
        "main()",
        "import atexit, sys; "
        "atexit.register(lambda: print('grpc' in sys.modules, 'google.protobuf' in sys.modules)); "
        "main()",
    )
    result = python(code, "--help")
    assert result.returncode == 0
    client = ("key", "apikey", "approve", "reload", "sign", "verify", "health", "bench", "version")
    for name in (*client, "init", "serve", "config", "policy"):
        assert f" {name} " in result.stdout
    assert result.stdout.endswith("False False\n")


def test_python_m_signward_is_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "signward", "version", "--json"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert '"grpcio"' in result.stdout


def test_a_command_that_no_plugin_has_is_not_installed(plugin):
    code = BLOCK.format(blocked=["signward_server"]) + MAIN
    result = python(code, "migrate", path=str(plugin))
    assert (result.returncode, result.stdout) == (2, "")


def test_completion_knows_the_commands():
    result = python(
        MAIN,
        environment={
            "_SIGNWARD_COMPLETE": "complete_bash",
            "COMP_WORDS": "signward key ",
            "COMP_CWORD": "2",
        },
    )
    assert "public-key" in result.stdout.split()


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A distribution whose commands join the command line, as the daemon's do."""
    info = tmp_path / "fake_daemon-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-daemon\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[signward.commands]\ndaemon = fake_daemon_cli:app\n")
    (tmp_path / "fake_daemon_cli.py").write_text(
        "import typer\n"
        "app = typer.Typer()\n"
        "cert = typer.Typer()\n"
        "app.add_typer(cert, name='cert')\n"
        "@app.command()\n"
        "def serve(port: int = 1): print('serving on', port)\n"
        "@app.command()\n"
        "def init(): raise typer.BadParameter('no')\n"
        "@cert.command()\n"
        "def issue(): print('issued')\n"
        "@cert.command()\n"
        "def show(): pass\n"
    )
    return tmp_path


def test_commands_of_the_daemon_join(plugin):
    assert python(MAIN, "serve", "--port", "7", path=str(plugin)).stdout == "serving on 7\n"
    assert python(MAIN, "cert", "issue", path=str(plugin)).stdout == "issued\n"
    failed = python(MAIN, "init", path=str(plugin))
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr == "signward: Invalid value: no; see 'signward init --help'\n"


def test_a_daemon_whose_libraries_are_missing_says_what_to_install(plugin):
    (plugin / "fake_daemon_cli.py").write_text("import sqlalchemy_of_tomorrow\n")
    result = python(MAIN, "serve", path=str(plugin))
    assert result.returncode == 2
    assert result.stderr == (
        "signward: 'signward serve' needs sqlalchemy_of_tomorrow, which is not installed; "
        "pip install 'signward[server]'\n"
    )


def test_without_the_daemon_its_commands_say_what_to_install():
    result = python(BLOCK.format(blocked=["signward_server"]) + MAIN, "migrate")
    assert result.returncode == 2
    assert "pip install 'signward[server]'" in result.stderr


def test_no_traceback_when_there_is_no_daemon(authority, bot_files):
    result = python(
        MAIN, "health", "--target", "localhost:1", "--ca", str(authority.ca),
        "--cert", str(bot_files.certificate), "--key", str(bot_files.private_key),
    )  # fmt: skip
    assert result.returncode == 6
    assert result.stderr.startswith("signward: UNAVAILABLE: ")
    assert result.stderr.count("\n") == 1


@pytest.fixture
def no_tls() -> Iterator[int]:
    """The port of a peer that does not speak TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:  # closed: the test is over
                    return
                with connection:
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_core_logs_no_line_beside_the_error(authority, bot_files, no_tls, monkeypatch):
    monkeypatch.delenv("GRPC_VERBOSITY", raising=False)
    result = python(
        MAIN, "health", "--target", f"localhost:{no_tls}", "--ca", str(authority.ca),
        "--cert", str(bot_files.certificate), "--key", str(bot_files.private_key),
    )  # fmt: skip
    assert result.returncode == 6
    assert result.stderr.startswith("signward: UNAVAILABLE: ")
    assert "WRONG_VERSION_NUMBER" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(("given", "expected"), [(None, "ERROR"), ("DEBUG", "DEBUG")])
def test_commands_of_the_daemon_keep_core_quiet_unless_told(plugin, monkeypatch, given, expected):
    monkeypatch.delenv("GRPC_VERBOSITY", raising=False)
    (plugin / "fake_daemon_cli.py").write_text(
        "import os, typer\n"
        "seen = os.environ.get('GRPC_VERBOSITY')\n"
        "app = typer.Typer()\n"
        "@app.command()\n"
        "def serve(): print(seen)\n"
        "@app.command()\n"
        "def init(): pass\n"
    )
    environment = {} if given is None else {"GRPC_VERBOSITY": given}
    result = python(MAIN, "serve", path=str(plugin), environment=environment)
    assert result.stdout == f"{expected}\n"
