"""``signward audit export``: records as JSON lines, byte for byte as they are hashed."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from signward.cli.audit.inputs import (
    open_folder,
    read_filter,
    reported,
)
from signward.cli.audit.matching import matching
from signward.cli.audit.options import (
    EventOption,
    FolderArgument,
    IdentityOption,
    KeyIdOption,
    OutcomeOption,
    SinceOption,
    UntilOption,
)

__all__ = ["export"]


def export(
    folder: FolderArgument,
    identity: IdentityOption = "",
    key: KeyIdOption = "",
    outcome: OutcomeOption = "",
    event: EventOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    start: Annotated[int, typer.Option(min=0, help="First sequence.")] = 0,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new file; default: standard output.")
    ] = None,
) -> None:
    """Write the records of a log as JSON lines, in order; nothing is verified."""
    wanted = read_filter(identity, key, outcome, event, since, until)
    with reported(), ExitStack() as files:
        source = open_folder(folder)
        target = sys.stdout.buffer if output is None else files.enter_context(output.open("xb"))
        for body, _ in matching(source, wanted, start):
            target.write(body + b"\n")
        target.flush()
