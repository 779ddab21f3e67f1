"""Arguments and options that commands about agents share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from signward.cli.expiring import read_expires

__all__ = [
    "AgentArgument",
    "BodyOption",
    "EndOption",
    "MasterArgument",
    "RequestIdOption",
    "read_end",
]

MasterArgument = Annotated[str, typer.Argument(metavar="MASTER", help="Id of the account's key.")]
AgentArgument = Annotated[str, typer.Argument(metavar="AGENT", help="Id of the agent's key.")]
EndOption = Annotated[
    str | None,
    typer.Option(
        "--expires",
        metavar="WHEN",
        help="When the exchange ends it: 90d, or 2027-01-31T12:00:00Z; at most 180 days.",
    ),
]
BodyOption = Annotated[
    bool, typer.Option("--body", help="Print the body to post and nothing else.")
]
RequestIdOption = Annotated[
    str | None,
    typer.Option(
        help="Makes repeating this command safe; say --expires as a time then.", show_default=False
    ),
]


def read_end(text: str | None) -> datetime | timedelta | None:
    """Return when an agent is to end, ``None`` for none given.

    Raises:
        BadParameter: It is neither a time nor a duration.
    """
    return None if text is None else read_expires(text)
