"""The console script names every command that the daemon brings, and no other."""

from typing import Any

import typer.main
from signward.cli import app as console
from signward.cli import audit
from signward_server.cli import app as daemon
from typer.core import TyperGroup

_ALSO_THE_CLIENTS = {"audit"}


def _commands(group: Any) -> dict[str, Any]:
    assert isinstance(group, TyperGroup)
    return dict(group.commands)


def test_every_command_of_the_daemon_is_one_of_the_console_script() -> None:
    brought = _commands(typer.main.get_command(daemon))
    assert set(console._DAEMON) | _ALSO_THE_CLIENTS == set(brought)
    assert set(audit._DAEMON) == set(_commands(brought["audit"]))
    assert not set(console._DAEMON) & set(console._CLIENT)


def test_what_the_list_says_of_a_command_of_the_daemon_is_a_line() -> None:
    for text in console._DAEMON.values():
        assert text.endswith(".")
        assert len(text) < 70
