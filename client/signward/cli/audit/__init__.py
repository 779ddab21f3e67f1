"""``signward audit``: verify, search and prove an audit log."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from signward.cli.audit.check_proof import check_proof
from signward.cli.audit.export import export
from signward.cli.audit.proof import proof
from signward.cli.audit.query import query
from signward.cli.audit.verify import verify
from signward.cli.lazy import Lazy, daemon_loader

__all__ = ["app"]


class _Group(TyperGroup):
    """Adds the command that comes with the daemon."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 -- Typer's own signature
        super().__init__(**attributes)
        text = "Begin an audit log for a home."
        self.add_command(Lazy("init", text, daemon_loader("audit", "init")))


app = typer.Typer(cls=_Group, help="Verify, search and prove an audit log.")
app.command("verify")(verify)
app.command("query")(query)
app.command("export")(export)
app.command("proof")(proof)
app.command("check-proof")(check_proof)
