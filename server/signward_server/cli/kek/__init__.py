"""``signward kek``: the key-encryption key of a home."""

from __future__ import annotations

import typer

from signward_server.cli.kek import create, rotate, show

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The key-encryption key (KEK) of a home.")
app.command("create")(create.create)
app.command("rotate")(rotate.rotate)
app.command("show")(show.show)
