"""``signward audit``: verify, search and prove an audit log."""

from __future__ import annotations

import typer

from signward.cli.audit.check_proof import check_proof
from signward.cli.audit.export import export
from signward.cli.audit.proof import proof
from signward.cli.audit.query import query
from signward.cli.audit.verify import verify

__all__ = ["app"]

app = typer.Typer(help="Verify, search and prove an audit log.")
app.command("verify")(verify)
app.command("query")(query)
app.command("export")(export)
app.command("proof")(proof)
app.command("check-proof")(check_proof)
