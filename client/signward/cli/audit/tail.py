"""``signward audit tail``: the end of a daemon's log, and what comes after it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from typing import Annotated

import typer

from signward.audit.reading import RecordFilter
from signward.audit.records import Record, decode_record
from signward.cli.audit.inputs import read_filter, reported
from signward.cli.audit.online import every_log, listed, merged_online, online
from signward.cli.audit.options import (
    EventOption,
    IdentityOption,
    KeyIdOption,
    LogOption,
    OutcomeOption,
    SinceOption,
    UntilOption,
)
from signward.cli.audit.rows import row, short
from signward.cli.connection import Session
from signward.cli.failures import note, printable
from signward.client import Client
from signward.errors import Unavailable

__all__ = ["tail"]

_PAUSE = 1.0  # seconds before a daemon that has gone is looked for again


@online
def tail(
    session: Session,
    last: Annotated[
        int, typer.Option(min=0, help="Begin so many records before the end of the log.")
    ] = 10,
    start: Annotated[
        int | None, typer.Option(min=0, help="Begin at this sequence instead.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with those to come, until interrupted.")
    ] = False,
    identity: IdentityOption = "",
    key: KeyIdOption = "",
    outcome: OutcomeOption = "",
    event: EventOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    log: LogOption = "",
) -> None:
    """Show the last records of a daemon's log that fit; with --follow those to come as well.

    Those of several logs are merged by their times, and those to come are shown as they come.
    With --json each is one line, byte for byte as it is hashed. That somebody has looked is
    recorded. Nothing is verified.
    """
    wanted = read_filter(identity, key, outcome, event, since, until)
    with reported(), session.client() as client:
        logs = every_log(client, log, alone=start is not None)
        begin = {name: _begin(client, name, last) if start is None else start for name in logs}
        if follow:
            found = _together([_followed(client, wanted, begin[name], name) for name in logs])
        else:
            found = merged_online(logs, lambda name: listed(client, wanted, begin[name], log=name))
        for origin, body, record in found:
            if session.output.as_json:
                session.output.line(body.decode("ascii"))
            else:
                name = [short(origin)] if len(logs) > 1 else []
                session.output.line(printable(" ".join(filter(None, [*name, *row(record)]))))


def _begin(client: Client, log: str, last: int) -> int:
    """Return so many records before the end of a log."""
    return max(0, client.admin.get_checkpoint(log=log).size - last)


def _together(
    followed: Sequence[Iterator[tuple[str, bytes, Record]]],
) -> Iterator[tuple[str, bytes, Record]]:
    """Yield the records of logs as they come; of several on a thread each."""
    if len(followed) == 1:
        yield from followed[0]
        return
    came: SimpleQueue[tuple[str, bytes, Record] | Exception] = SimpleQueue()

    def follow(records: Iterator[tuple[str, bytes, Record]]) -> None:
        try:
            for found in records:
                came.put(found)
        except Exception as error:  # noqa: BLE001 -- raised where they are read
            came.put(error)

    for records in followed:
        threading.Thread(target=follow, args=(records,), daemon=True).start()
    while True:
        found = came.get()
        if isinstance(found, Exception):
            raise found
        yield found


def _followed(
    client: Client, wanted: RecordFilter, first: int, log: str
) -> Iterator[tuple[str, bytes, Record]]:
    """Yield records for ever, over restarts of the daemon; the first connection has to succeed."""
    known = False
    while True:
        with client.admin.tail_audit_records(
            first,
            identity=wanted.identity,
            key=wanted.key,
            outcome=wanted.outcome,
            event=wanted.event,
            since=wanted.since,
            until=wanted.until,
            log=log,
        ) as records:
            try:
                for found in records:
                    known = True
                    yield log, found.record, decode_record(found.record)
            except Unavailable:
                if not (known or records.has_begun):
                    raise
                known, first = True, records.next_sequence
        note(f"the daemon does not answer; going on with record {first} when it does")
        time.sleep(_PAUSE)
