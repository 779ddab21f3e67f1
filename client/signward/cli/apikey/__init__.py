"""``signward apikey``: create, import, list and revoke API keys."""

from __future__ import annotations

import typer

from signward.cli.apikey.create import create
from signward.cli.apikey.importing import import_api_key
from signward.cli.apikey.listing import list_api_keys
from signward.cli.apikey.revoke import revoke

__all__ = ["app"]

app = typer.Typer(add_completion=False, help="Create, import, list and revoke API keys.")
app.command("create")(create)
app.command("import")(import_api_key)
app.command("list")(list_api_keys)
app.command("revoke")(revoke)
