"""``signward verify``: exit code 0 when a key made a signature, 1 when it did not."""

from __future__ import annotations

import typer

from signward.cli.verify.hyperliquid import hyperliquid
from signward.cli.verify.order import order
from signward.cli.verify.raw import raw

__all__ = ["app"]

app = typer.Typer(
    add_completion=False, help="Say whether a key made a signature: exit code 0 if so, 1 if not."
)
app.command("raw")(raw)
app.command("order")(order)
app.command("hyperliquid")(hyperliquid)
