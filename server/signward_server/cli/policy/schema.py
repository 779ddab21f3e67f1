"""``signward policy schema``."""

from __future__ import annotations

import typer

from signward_server.cli.locating import AsJson
from signward_server.cli.reporting import print_result

__all__ = ["schema"]


def schema(*, as_json: AsJson = False) -> None:
    """Print everything that policies can name, as a Cedar schema."""
    from signward_server.home.policies import all_kinds
    from signward_server.policy.schema import schema_text

    text = schema_text(all_kinds())
    if as_json:
        print_result({"schema": text}, "", as_json=True)
    else:
        typer.echo(text, nl=False)
