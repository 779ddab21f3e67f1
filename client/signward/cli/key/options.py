"""Arguments and options that several key commands share, and their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

__all__ = [
    "GraceOption",
    "KeyArgument",
    "LabelOption",
    "RotationOption",
    "VersionArgument",
    "read_labels",
]

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")]
VersionArgument = Annotated[
    int, typer.Argument(metavar="VERSION", min=1, help="Number of the version.")
]
GraceOption = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="How long the old version signs, as 30d; 0s: not at all; default: the key's.",
    ),
]
RotationOption = Annotated[
    str | None,
    typer.Option(metavar="DURATION", help="How often the daemon rotates it, as 90d; 0s: never."),
]
LabelOption = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME=VALUE", help="A label; may be given several times."),
]


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
