"""``signward sign``: one signature."""

from __future__ import annotations

import typer

from signward.cli.sign.hyperliquid import hyperliquid
from signward.cli.sign.order import order
from signward.cli.sign.raw import raw

__all__ = ["app"]

app = typer.Typer(
    add_completion=False, help="Sign a message, an order, or an action of an exchange."
)
app.command("raw")(raw)
app.command("order")(order)
app.command("hyperliquid")(hyperliquid)
