"""When something shall end, on the command line."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta

import typer

from signward.cli.durations import duration_of
from signward.expiry import expiry_message

__all__ = ["read_expires", "read_expires_after"]

_is_number = re.compile(r"[0-9]{1,19}").fullmatch


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
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} is neither a duration such as 90d nor a time such as 2027-01-31T12:00:00Z"
        )
    return found


def read_expires_after(text: str) -> int:
    """Return milliseconds since 1970, 0 for never.

    Args:
        text: These, or what ``read_expires`` takes.

    Raises:
        BadParameter: It is neither, or over: seconds, for one, are.
    """
    end = int(text) if _is_number(text) else expiry_message(read_expires(text)).ToMilliseconds()
    if end and end <= time.time() * 1000:
        raise typer.BadParameter(f"{text!r} is over; say 30s, or milliseconds since 1970")
    return end
