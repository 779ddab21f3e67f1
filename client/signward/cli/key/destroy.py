"""``signward key destroy``."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.durations import read_duration
from signward.cli.key.options import KeyArgument, VersionArgument
from signward.cli.key.show import show_version

__all__ = ["destroy"]


@connected
def destroy(
    session: Session,
    key_id: KeyArgument,
    version: VersionArgument,
    wait: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="How long it can be restored: 7d to 30d, or 30d."),
    ] = None,
) -> None:
    """Plan the destruction of a version; it signs nothing from now on."""
    with session.client() as client:
        planned = client.schedule_destroy_key_version(key_id, version, wait=read_duration(wait))
    show_version(session.output, planned)
