"""``signward audit tail``: the end of a daemon's log, and what comes after it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated

import typer

from signward.audit.reading import RecordFilter
from signward.audit.records import Record, decode_record
from signward.cli.audit.inputs import read_filter, reported
from signward.cli.audit.online import listed, online
from signward.cli.audit.options import (
    EventOption,
    IdentityOption,
    KeyIdOption,
    OutcomeOption,
    SinceOption,
    UntilOption,
)
from signward.cli.audit.rows import row
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
) -> None:
    """Show the last records of a daemon's log that fit; with --follow those to come as well.

    With --json each is one line, byte for byte as it is hashed. That somebody has looked is
    recorded. Nothing is verified.
    """
    wanted = read_filter(identity, key, outcome, event, since, until)
    with reported(), session.client() as client:
        first = start
        if first is None:
            first = max(0, client.admin.get_checkpoint().size - last)
        found = _followed(client, wanted, first) if follow else listed(client, wanted, first)
        for body, record in found:
            if session.output.as_json:
                session.output.line(body.decode("ascii"))
            else:
                session.output.line(printable(" ".join(filter(None, row(record)))))


def _followed(client: Client, wanted: RecordFilter, first: int) -> Iterator[tuple[bytes, Record]]:
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
        ) as records:
            try:
                for found in records:
                    known = True
                    yield found.record, decode_record(found.record)
            except Unavailable:
                if not (known or records.has_begun):
                    raise
                known, first = True, records.next_sequence
        note(f"the daemon does not answer; going on with record {first} when it does")
        time.sleep(_PAUSE)
