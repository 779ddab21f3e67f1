"""``signward health``: exit code 0 while the daemon is serving, 6 while it is not."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.failures import NOT_SERVING
from signward.health import ServingStatus

__all__ = ["app"]

app = typer.Typer()


@app.command()
@connected
def health(
    session: Session,
    service: Annotated[str, typer.Argument(help="Name of a service; default: all.")] = "",
) -> None:
    """Ask a daemon whether it is serving: exit code 0 if so, 6 if not."""
    with session.client() as client:
        status = client.health(service)
    if session.output.as_json:
        session.output.json({"service": service, "status": status.name})
    else:
        session.output.line(status.name)
    if status is not ServingStatus.SERVING:
        raise typer.Exit(NOT_SERVING)
