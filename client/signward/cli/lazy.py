"""Commands that are imported only when they run, so that ``--help`` stays quick."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["ENTRY_POINTS", "Lazy", "daemon_loader", "module_loader"]

ENTRY_POINTS = "signward.commands"
"""Entry points of this group are Typer apps whose commands join this command line."""

_SERVER_EXTRA = re.compile(r"extra *== *['\"]server['\"]")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_Loader = Callable[[], Any]  # a command of Typer's own click, which it does not export


class Lazy(TyperCommand):
    """Stands in for a command until it runs.

    Args:
        name: Name of the command.
        text: Its line in the list of commands.
        load: Returns the real command.
    """

    def __init__(self, name: str, text: str, load: _Loader) -> None:
        super().__init__(name, help=text)
        self._load = load

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: object = None,
        **extra: Any,  # noqa: ANN401 -- Typer's own signature
    ) -> Any:  # noqa: ANN401 -- see _Loader
        """Load the real command; from here on the context is its own."""
        return self._load().make_context(info_name, args, parent=parent, **extra)


def module_loader(module: str) -> _Loader:
    """Return a loader for the Typer app named ``app`` in a module, which may import grpc."""

    def load() -> Any:  # noqa: ANN401 -- see _Loader
        # Read by grpc when it is imported. What it logs of a failed call is in the error, too.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        return typer.main.get_command(import_module(module).app)

    return load


def daemon_loader(name: str, *below: str) -> _Loader:
    """Return a loader for a command that comes with the daemon.

    Args:
        name: Of the command, or of its group.
        below: Its name in that group.
    """

    def load() -> Any:  # noqa: ANN401 -- see _Loader
        # Read by grpc when it is imported: no lines of core about handshakes that strangers fail.
        os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
        from importlib.metadata import entry_points  # noqa: PLC0415 -- slow, and rarely needed

        for entry_point in entry_points(group=ENTRY_POINTS):
            if entry_point.dist and (missing := _not_installed(entry_point.dist)):
                raise _missing(name, missing)
            try:
                group = typer.main.get_command(entry_point.load())
            except ModuleNotFoundError as error:
                raise _missing(name, error.name) from error
            if found := _command(group, (name, *below)):
                return found
        raise _missing(name, "the daemon")

    return load


def _command(found: Any, path: Sequence[str]) -> Any:  # noqa: ANN401 -- see _Loader
    """Return a command below another one, ``None`` if there is none."""
    for name in path:
        if not isinstance(found, TyperGroup):
            return None
        found = found.commands.get(name)
    return found


def _not_installed(package: Distribution) -> str | None:
    """Return the first distribution of the extra ``server`` that is not there."""
    from importlib.metadata import PackageNotFoundError, distribution  # noqa: PLC0415 -- slow

    for requirement in package.requires or ():
        wanted, _, marker = requirement.partition(";")
        if _SERVER_EXTRA.search(marker) and (match := _NAME.match(wanted)):
            try:
                distribution(match[0])
            except PackageNotFoundError:
                return match[0]
    return None


def _missing(name: str, what: str | None) -> typer.TyperException:
    error = typer.TyperException(
        f"'signward {name}' needs {what}, which is not installed; pip install 'signward[server]'"
    )
    error.exit_code = 2
    return error
