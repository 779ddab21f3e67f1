"""``signward reload``: exit code 1 when the daemon keeps an old part because the new one is bad."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.failures import NOT_RELOADED
from signward.cli.names import PartName, name_of
from signward.v1 import admin_service_pb2 as pb

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_HEADER = ("PART", "VERSION", "CHANGED", "PROBLEM")
_SHORT = 12  # hex digits of a version that people compare


def _row(result: pb.ReloadResult) -> tuple[str, ...]:
    return (
        name_of(pb.ReloadPart.DESCRIPTOR, result.part),
        result.version[:_SHORT],
        "yes" if result.changed else "no",
        result.problem,
    )


@app.command()
@connected
def reload(
    session: Session,
    parts: Annotated[
        list[PartName] | None, typer.Argument(metavar="[PART]...", help="What; default: all.")
    ] = None,
) -> None:
    """Have a daemon read again what has changed: exit code 1 if it refuses a part of it."""
    with session.client() as client:
        results = client.admin.reload([part.number for part in parts or ()])
    if session.output.as_json:
        session.output.json({"results": results})
    else:
        session.output.table(_HEADER, [_row(result) for result in results])
    if any(result.problem for result in results):
        raise typer.Exit(NOT_RELOADED)
