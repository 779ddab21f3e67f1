"""``signward config``: check, show, explain the configuration."""

from __future__ import annotations

import enum
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signward_server.cli.locating import AsJson, ConfigOption, HomeOption, SetOption, locate
from signward_server.cli.reporting import print_result, reported
from signward_server.core.startup import ExitCode

if TYPE_CHECKING:
    from signward_server.config import Problem

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Check, show and explain the configuration.")


class SchemaForm(enum.StrEnum):
    """Forms of the schema."""

    JSON = "json"
    MARKDOWN = "markdown"
    TOML = "toml"


@app.command("check")
def check(
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: AsJson = False,
) -> None:
    """Report every problem with the configuration and the files that it names."""
    with reported():
        from signward_server.config import ConfigurationError

        folder, file = locate(home, config)
        problems = _problems(folder, file, settings or ())
        if problems and not as_json:
            raise ConfigurationError(problems)
        result = {"ok": not problems, "problems": [asdict(problem) for problem in problems]}
        print_result(result, f"{file} is fine", as_json=as_json)
        if problems:
            raise typer.Exit(ExitCode.USAGE)


def _problems(folder: Path, file: Path, flags: Sequence[str]) -> Sequence[Problem]:
    from signward_server.config import ConfigurationError, load
    from signward_server.config.replaced import take_api_key
    from signward_server.core.clock import SystemClock
    from signward_server.home.caps import check_caps
    from signward_server.home.checks import check_kek, check_machine

    try:
        take_api_key(dict(os.environ))
        loaded = load(file, environment=os.environ, flags=flags, guarded=True)
    except ConfigurationError as exc:
        return exc.problems
    machine = check_machine(loaded, folder, SystemClock())
    return [*machine, *check_kek(loaded), *check_caps(loaded)]


@app.command("show")
def show(
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: AsJson = False,
) -> None:
    """Print the settings in force, defaults included."""
    with reported():
        from signward_server.config import load
        from signward_server.config.render import as_lines

        _, file = locate(home, config)
        loaded = load(file, environment=os.environ, flags=settings or ())
        print_result(loaded.model_dump(mode="json"), as_lines(loaded), as_json=as_json)


@app.command("schema")
def schema(
    form: Annotated[
        SchemaForm | None,
        typer.Option("--format", help="JSON Schema (the default), a table, or a file."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Print every key with its kind, default, range and meaning."""
    if as_json and form not in (None, SchemaForm.JSON):
        raise typer.BadParameter("contradicts --format", param_hint="--json")
    from signward_server.config.render import as_json_schema, as_markdown, as_toml

    if form is SchemaForm.MARKDOWN:
        text = as_markdown()
    elif form is SchemaForm.TOML:
        text = as_toml({})
    else:
        text = as_json_schema()
    typer.echo(text, nl=False)
