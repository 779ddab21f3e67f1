"""``signward policy``: check, show, explain and test policies."""

from __future__ import annotations

import typer

from signward_server.cli.policy.check import check
from signward_server.cli.policy.explain import explain
from signward_server.cli.policy.init import init
from signward_server.cli.policy.schema import schema
from signward_server.cli.policy.testing import run_tables

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Check, test and explain policies.")
app.command("init")(init)
app.command("check")(check)
app.command("test")(run_tables)
app.command("explain")(explain)
app.command("schema")(schema)
