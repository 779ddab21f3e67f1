"""``signward audit query``: records that fit, as a table or as JSON lines."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer

from signward.audit.folder import LogFolder
from signward.audit.reading import RecordFilter, read_bodies
from signward.audit.records import Record, decode_record, format_time
from signward.cli.audit.inputs import (
    open_folder,
    read_filter,
    reported,
)
from signward.cli.audit.options import (
    EventOption,
    FolderArgument,
    IdentityOption,
    JsonOption,
    KeyIdOption,
    OutcomeOption,
    SinceOption,
    UntilOption,
)
from signward.cli.output import Output

__all__ = ["matching", "query"]

_HEADER = ("SEQUENCE", "TIME", "EVENT", "OUTCOME", "IDENTITY", "METHOD", "KEY", "VERSION")


def query(
    folder: FolderArgument,
    identity: IdentityOption = "",
    key: KeyIdOption = "",
    outcome: OutcomeOption = "",
    event: EventOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many.")] = 100,
    newest: Annotated[bool, typer.Option("--newest", help="The last ones, not the first.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the records of a log that fit, in order; nothing is verified."""
    wanted = read_filter(identity, key, outcome, event, since, until)
    output = Output(as_json)
    with reported():
        found = matching(open_folder(folder), wanted)
        chosen = deque(found, limit) if newest else islice(found, limit)
        if as_json:
            for body, _ in chosen:
                output.line(body.decode("ascii"))
        else:
            output.table(_HEADER, [_row(record) for _, record in chosen])


def matching(
    folder: LogFolder, wanted: RecordFilter, start: int = 0
) -> Iterator[tuple[bytes, Record]]:
    """Yield records that fit, as they stand in the log and decoded.

    Raises:
        AuditError: The log is damaged.
        OSError: A file cannot be read.
    """
    for _, body in read_bodies(folder, start):
        if wanted.may_match(body):
            record = decode_record(body)
            if wanted.matches(record):
                yield body, record


def _row(record: Record) -> tuple[str, ...]:
    return (
        str(record.seq),
        format_time(record.time),
        record.event,
        record.outcome,
        record.identity,
        record.method.rpartition("/")[2],
        record.key,
        str(record.version or ""),
    )
