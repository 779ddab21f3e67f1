"""``signward sign``: one signature."""

from __future__ import annotations

import typer

from signward.cli.sign.order import order
from signward.cli.sign.raw import raw

__all__ = ["app"]

app = typer.Typer(add_completion=False, help="Sign a message or an order.")
app.command("raw")(raw)
app.command("order")(order)
