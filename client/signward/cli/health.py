"""``signward health``: exit code 0 while the daemon is serving, 6 while it is not."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.failures import NOT_SERVING
from signward.client import Client
from signward.errors import Unavailable
from signward.health import ServingStatus

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_PAUSE = 0.1  # seconds between two questions


@app.command()
@connected
def health(
    session: Session,
    service: Annotated[str, typer.Argument(help="Name of a service; default: all.")] = "",
    wait: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds to wait for it to be serving.")
    ] = 0.0,
) -> None:
    """Ask a daemon whether it is serving: exit code 0 if so, 6 if not."""
    with session.client() as client:
        status = _awaited(client, service, time.monotonic() + wait)
    if session.output.as_json:
        session.output.json({"service": service, "status": status.name})
    else:
        session.output.line(status.name)
    if status is not ServingStatus.SERVING:
        raise typer.Exit(NOT_SERVING)


def _awaited(client: Client, service: str, end: float) -> ServingStatus:
    """Ask until it is serving or the time is over; the last answer counts."""
    while True:
        last = time.monotonic() >= end
        try:
            status = client.health(service)
        except Unavailable:
            if last:
                raise
        else:
            if last or status is ServingStatus.SERVING:
                return status
        time.sleep(_PAUSE)
