"""``signward audit export``: records as JSON lines, byte for byte as they are hashed."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from signward.cli.audit.inputs import read_filter, reported
from signward.cli.audit.logs import chosen, merged, one_of, places_in
from signward.cli.audit.options import (
    EventOption,
    FolderArgument,
    IdentityOption,
    KeyIdOption,
    LogOption,
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
    start: Annotated[int, typer.Option(min=0, help="First sequence, of one log.")] = 0,
    log: LogOption = "",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new file; default: standard output.")
    ] = None,
) -> None:
    """Write the records of a log as JSON lines, in order; nothing is verified.

    Those of several logs are merged by their times; of which log one is only --log tells.
    """
    wanted = read_filter(identity, key, outcome, event, since, until)
    with reported(), ExitStack() as files:
        places = chosen(places_in(folder), log)
        if start:
            places = [one_of(places, log)]
        target = sys.stdout.buffer if output is None else files.enter_context(output.open("xb"))
        for _, body, _ in merged(places, wanted, start):
            target.write(body + b"\n")
        target.flush()
