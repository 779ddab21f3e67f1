"""``signward policy schema``."""

from __future__ import annotations

import os

import typer

from signward_server.cli.locating import AsJson, ConfigOption, HomeOption, SetOption, locate
from signward_server.cli.reporting import print_result, reported

__all__ = ["schema"]


def schema(
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: AsJson = False,
) -> None:
    """Print everything that policies can name, as a Cedar schema.

    With a home or a configuration, the windowed totals of its caps are part of it.
    """
    with reported():
        from signward_server.config import load
        from signward_server.core.caps import Cap
        from signward_server.home.caps import caps_of
        from signward_server.home.policies import all_kinds
        from signward_server.policy.schema import schema_text

        caps: tuple[Cap, ...] = ()
        if home or config or settings:
            _, file = locate(home, config)
            caps = caps_of(load(file, environment=os.environ, flags=settings or ()))
        text = schema_text(all_kinds(caps))
        if as_json:
            print_result({"schema": text}, "", as_json=True)
        else:
            typer.echo(text, nl=False)
