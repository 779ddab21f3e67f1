"""How commands end: results on standard output, errors on one line with what to do next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import typer

from signward_server.core.startup import StartupFailed

__all__ = ["print_result", "reported"]


@contextmanager
def reported() -> Iterator[None]:
    """Print an expected error, one line for each problem, and exit with its code.

    Raises:
        typer.Exit: With the exit code of the error.
    """
    try:
        yield
    except StartupFailed as exc:
        for line in str(exc).splitlines():
            typer.echo(f"signward: {line}", err=True)
        raise typer.Exit(exc.exit_code) from None
    except KeyboardInterrupt:
        typer.echo("signward: interrupted", err=True)
        raise typer.Exit(130) from None


def print_result(result: Mapping[str, object], text: str, *, as_json: bool) -> None:
    """Print what a command has done, for people or as one JSON object."""
    typer.echo(json.dumps(result) if as_json else text)
