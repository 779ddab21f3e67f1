"""``signward agent``: approve, rotate, list and end agents of Hyperliquid accounts."""

from __future__ import annotations

import typer

from signward.cli.agent.approve import approve
from signward.cli.agent.expire import expire
from signward.cli.agent.listing import list_agents
from signward.cli.agent.rotate import rotate

__all__ = ["app"]

app = typer.Typer(
    add_completion=False, help="Approve, rotate, list and end agents of Hyperliquid accounts."
)
app.command("approve")(approve)
app.command("rotate")(rotate)
app.command("list")(list_agents)
app.command("expire")(expire)
