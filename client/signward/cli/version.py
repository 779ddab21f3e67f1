"""``signward version``."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from signward.cli.output import Output

__all__ = ["app"]

_PACKAGES = ("signward", "grpcio", "protobuf")

app = typer.Typer()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed (run from source)"


@app.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the versions of this installation."""
    versions = {package: _version(package) for package in _PACKAGES}
    versions["python"] = platform.python_version()
    output = Output(as_json=as_json)
    if as_json:
        output.json(versions)
    else:
        output.pairs(versions)
