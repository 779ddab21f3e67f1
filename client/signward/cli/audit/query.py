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
from signward.cli.audit.inputs import open_folder, read_filter, reported
from signward.cli.audit.matching import matching
from signward.cli.audit.online import listed, online
from signward.cli.audit.options import (
    EventOption,
    IdentityOption,
    KeyIdOption,
    OptionalFolderArgument,
    OutcomeOption,
    SinceOption,
    UntilOption,
)
from signward.cli.audit.rows import HEADER, row
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
    start: Annotated[int, typer.Option(min=0, help="First sequence.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many.")] = 100,
    newest: Annotated[bool, typer.Option("--newest", help="The last ones, not the first.")] = False,
) -> None:
    """Show the records of a log that fit, in order; nothing is verified.

    They are read in its folder or, where none is given, asked of its daemon, which records that.
    """
    wanted = read_filter(identity, key, outcome, event, since, until)
    with reported(), ExitStack() as opened:
        found = _found(session, folder, wanted, start, 500 if newest else limit, opened)
        chosen = deque(found, limit) if newest else islice(found, limit)
        if session.output.as_json:
            for body, _ in chosen:
                session.output.line(body.decode("ascii"))
        else:
            session.output.table(HEADER, [row(record) for _, record in chosen])


def _found(
    session: Session,
    folder: Path | None,
    wanted: RecordFilter,
    start: int,
    page_size: int,
    opened: ExitStack,
) -> Iterator[tuple[bytes, Record]]:
    if folder is not None:
        return matching(open_folder(folder), wanted, start)
    return listed(opened.enter_context(session.client()), wanted, start, page_size)
