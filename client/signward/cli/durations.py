"""Durations on the command line: a number and a unit."""

from __future__ import annotations

import re
from datetime import timedelta

import typer

__all__ = ["duration_of", "read_duration", "write_duration"]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d{1,6})([smhd])", re.ASCII)


def duration_of(text: str) -> timedelta | None:
    """Return a duration from a number and a unit, ``30s``, ``10m``, ``12h``, ``30d``, else None."""
    match = _DURATION.fullmatch(text)
    return None if match is None else timedelta(**{_UNITS[match[2]]: int(match[1])})


def read_duration(text: str | None) -> timedelta | None:
    """Return the duration in an option, ``None`` for none given.

    Raises:
        BadParameter: It is no duration.
    """
    if text is None:
        return None
    duration = duration_of(text)
    if duration is None:
        raise typer.BadParameter(f"{text!r} is no duration such as 0s, 10m, 12h or 30d")
    return duration


def write_duration(duration: timedelta) -> str:
    """Return a duration as ``duration_of`` takes it, in the largest unit that is exact."""
    seconds = duration.total_seconds()
    for unit, name in reversed(_UNITS.items()):
        count = seconds / timedelta(**{name: 1}).total_seconds()
        if count and count.is_integer():
            return f"{count:.0f}{unit}"
    return f"{seconds:g}s"
