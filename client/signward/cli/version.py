"""``signward version``."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from signward.cli.output import Output

__all__ = ["app", "installed_version"]

_PACKAGES = ("signward", "grpcio", "protobuf")

app = typer.Typer(add_completion=False)


def installed_version(package: str) -> str:
    """Return the version of an installed package, or that it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed (run from source)"


@app.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the versions of this installation."""
    versions = {package: installed_version(package) for package in _PACKAGES}
    versions["python"] = platform.python_version()
    output = Output(as_json=as_json)
    if as_json:
        output.json(versions)
    else:
        output.pairs(versions)
