"""Keys chosen by id or by labels, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from signward.cli.failures import NOT_THERE, note, printable
from signward.cli.key.options import read_labels
from signward.cli.output import Output

__all__ = ["ChosenArgument", "read_choice", "show_ids"]

ChosenArgument = Annotated[
    str, typer.Argument(metavar="[KEY]", help="Id of the key; or give --label.", show_default=False)
]


def read_choice(key_id: str, label: Sequence[str] | None) -> dict[str, str] | None:
    """Return the labels that choose, ``None`` if the id does.

    Raises:
        BadParameter: Not exactly one of both is given.
    """
    labels = read_labels(label)
    if bool(key_id) == bool(labels):
        raise typer.BadParameter("give either KEY or --label NAME=VALUE")
    return labels


def show_ids(output: Output, ids: Sequence[str]) -> None:
    """Print ids, one a line.

    Raises:
        Exit: There is none: a freeze that met nothing must not look like one that worked.
    """
    if output.as_json:
        output.json({"keyIds": list(ids)})
    else:
        for key_id in ids:
            output.line(printable(key_id))
    if not ids:
        note("no key that you may see has these labels; see 'signward key list'")
        raise typer.Exit(NOT_THERE)
