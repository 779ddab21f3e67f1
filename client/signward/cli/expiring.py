"""When something shall end, on the command line."""

from __future__ import annotations

from datetime import datetime, timedelta

import typer

from signward.cli.durations import duration_of

__all__ = ["read_expires"]


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
