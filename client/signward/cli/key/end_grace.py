"""``signward key end-grace``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.durations import read_duration
from signward.cli.key.options import KeyArgument, VersionArgument
from signward.cli.key.show import show_key

__all__ = ["end_grace"]


@connected
def end_grace(
    session: Session,
    key_id: KeyArgument,
    version: VersionArgument,
    after: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Not at once, but so much later.")
    ] = None,
) -> None:
    """Have a replaced version stop signing earlier: at once, if it leaked."""
    wait = read_duration(after)
    end = None if wait is None else datetime.now(UTC) + wait
    with session.client() as client:
        key = client.end_grace(key_id, version, at=end)
    show_key(session.output, key)
