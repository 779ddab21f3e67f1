"""Arguments and options that several key commands share, and their values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer

__all__ = ["KeyArgument", "LabelOption", "read_duration", "read_labels", "write_duration"]

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")]
LabelOption = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME=VALUE", help="A label; may be given several times."),
]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d{1,6})([smhd])")


def read_labels(texts: Sequence[str] | None) -> dict[str, str] | None:
    """Return labels from ``NAME=VALUE`` texts, ``None`` for none given.

    Raises:
        BadParameter: One has no ``=``, or a name comes twice.
    """
    if not texts:
        return None
    labels: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name or name in labels:
            raise typer.BadParameter("labels are NAME=VALUE, each name once")
        labels[name] = value
    return labels


def read_duration(text: str | None) -> timedelta | None:
    """Return a duration from a number and a unit, ``30s``, ``10m``, ``12h``, ``30d``.

    Raises:
        BadParameter: It is no duration.
    """
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no duration such as 0s, 10m, 12h or 30d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def write_duration(duration: timedelta) -> str:
    """Return a duration as ``read_duration`` takes it, in the largest unit that is exact."""
    seconds = duration.total_seconds()
    for unit, name in reversed(_UNITS.items()):
        count = seconds / timedelta(**{name: 1}).total_seconds()
        if count and count.is_integer():
            return f"{count:.0f}{unit}"
    return f"{seconds:g}s"
