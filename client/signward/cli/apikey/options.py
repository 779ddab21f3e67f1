"""Options that creating and importing an API key share, and their values."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from signward.cli.durations import duration_of

__all__ = ["AddressOption", "ExpiresOption", "IdentityOption", "read_expires"]

IdentityOption = Annotated[
    str, typer.Option(help="Who its holder is: spiffe://..., dns:..., cn:... or apikey:...")
]
ExpiresOption = Annotated[
    str, typer.Option(metavar="WHEN", help="When it ends: 90d, or 2027-01-31T12:00:00Z.")
]
AddressOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CIDR", help="Use from this network only; may be given several times.",
    ),
]  # fmt: skip


def read_expires(text: str) -> datetime | timedelta:
    """Return a time, or how long from now.

    Args:
        text: A duration such as ``90d``, or a time with its offset from UTC (RFC 3339).

    Raises:
        BadParameter: It is neither.
    """
    if (duration := duration_of(text)) is not None:
        return duration
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} is neither a duration such as 90d nor a time such as 2027-01-31T12:00:00Z"
        )
    return time
