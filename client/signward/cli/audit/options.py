"""Options and arguments that commands on audit logs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "EventOption",
    "FolderArgument",
    "IdentityOption",
    "JsonOption",
    "KeyIdOption",
    "LogKeyOption",
    "LogOption",
    "OptionalFolderArgument",
    "OutcomeOption",
    "SinceOption",
    "UntilOption",
    "WitnessOption",
]

FolderArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="Folder of the log, or a daemon's home.")
]
OptionalFolderArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[DIR]",
        help="Folder of the log, or a daemon's home; without it the daemon is asked.",
    ),
]
LogKeyOption = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="VKEY|FILE", help="The log's public key; in a home: its audit.pub."
    ),
]
LogOption = Annotated[
    str,
    typer.Option(
        "--log",
        metavar="NAME",
        help="One log of a home with several: worker-1, or its origin; worker-0 is the first.",
    ),
]
WitnessOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="VKEY|FILE", help="Its cosignature is needed; may be given several times."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
IdentityOption = Annotated[str, typer.Option(help="The caller, such as spiffe://example.org/bot.")]
KeyIdOption = Annotated[str, typer.Option("--key", help="Id of the signing key.")]
OutcomeOption = Annotated[str, typer.Option(help="OK, or the reason of a refusal.")]
EventOption = Annotated[str, typer.Option(help="Kind of record, such as signature.")]
SinceOption = Annotated[
    str | None,
    typer.Option(metavar="WHEN", help="From here on: 2h ago (2h), or 2027-01-31T12:00:00Z."),
]
UntilOption = Annotated[str | None, typer.Option(metavar="WHEN", help="Before: as --since.")]
