"""``signward audit query``: records that fit, as a table or as JSON lines."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from signward.audit.reading import RecordFilter
from signward.audit.records import Record
from signward.cli.audit.inputs import read_filter, reported
from signward.cli.audit.logs import chosen, merged, one_of, places_in
from signward.cli.audit.online import every_log, listed, merged_online, online
from signward.cli.audit.options import (
    EventOption,
    IdentityOption,
    KeyIdOption,
    LogOption,
    OptionalFolderArgument,
    OutcomeOption,
    SinceOption,
    UntilOption,
)
from signward.cli.audit.rows import HEADER, row, short
from signward.cli.connection import Session

__all__ = ["query"]


@online
def query(
    session: Session,
    folder: OptionalFolderArgument = None,
    identity: IdentityOption = "",
    key: KeyIdOption = "",
    outcome: OutcomeOption = "",
    event: EventOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    start: Annotated[int, typer.Option(min=0, help="First sequence, of one log.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many.")] = 100,
    newest: Annotated[bool, typer.Option("--newest", help="The last ones, not the first.")] = False,
    log: LogOption = "",
) -> None:
    """Show the records of a log that fit, in order; nothing is verified.

    Those of several logs are merged by their times.

    They are read in its folder or, where none is given, asked of its daemon, which records that.
    """
    wanted = read_filter(identity, key, outcome, event, since, until)
    with reported(), ExitStack() as opened:
        logs, found = _found(session, folder, wanted, start, 500 if newest else limit, log, opened)
        shown = deque(found, limit) if newest else islice(found, limit)
        if session.output.as_json:
            for _, body, _ in shown:
                session.output.line(body.decode("ascii"))
        elif logs > 1:
            rows = [(short(origin), *row(record)) for origin, _, record in shown]
            session.output.table(("LOG", *HEADER), rows)
        else:
            session.output.table(HEADER, [row(record) for _, _, record in shown])


def _found(
    session: Session,
    folder: Path | None,
    wanted: RecordFilter,
    start: int,
    page_size: int,
    log: str,
    opened: ExitStack,
) -> tuple[int, Iterator[tuple[str, bytes, Record]]]:
    """Return how many logs are looked at, and what is found in them."""
    if folder is not None:
        places = chosen(places_in(folder), log)
        if start:
            places = [one_of(places, log)]
        return len(places), merged(places, wanted, start)
    client = opened.enter_context(session.client())
    logs = every_log(client, log, alone=bool(start))
    return len(logs), merged_online(
        logs, lambda name: listed(client, wanted, start, page_size, name)
    )
