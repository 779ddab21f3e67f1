"""``signward approve``."""

from __future__ import annotations

import re
import sys
from typing import Annotated

import typer

from signward.cli.audit.inputs import reported
from signward.cli.connection import Session, connected
from signward.cli.expiring import read_expires
from signward.cli.failures import note, printable
from signward.cli.refusals import LOOKED_AT, described, refusal_of
from signward.client import Client
from signward.errors import PermissionDenied

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_is_digest = re.compile(r"[0-9a-fA-F]{64}").fullmatch
_HIDDEN = "what is asked for is not shown: you may not read audit records (ListAuditRecords)"
_UNKNOWN = (
    f"what is asked for is not shown: no refusal among the last {LOOKED_AT:,} audit records "
    "names this digest"
)


@app.command()
@connected
def approve(
    session: Session,
    digest: Annotated[
        str, typer.Argument(metavar="DIGEST", help="What the refusal names as approval_digest.")
    ],
    expires: Annotated[
        str,
        typer.Option(metavar="WHEN", help="When it ends if unused: 10m, or 2027-01-31T12:00:00Z."),
    ],
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Neither show nor ask.")] = False,
) -> None:
    """Approve one signature of somebody else; print when the approval ends.

    What was refused is shown from the audit log before anything is approved.
    """
    if not _is_digest(digest):
        raise typer.BadParameter("DIGEST is 64 hex digits")
    end = read_expires(expires)
    with session.client() as client:
        if not yes:
            _show(client, digest.lower())
            _ask()
        end = client.admin.approve_request(digest, expires=end, reason=reason)
    shown = end.isoformat().replace("+00:00", "Z")
    if session.output.as_json:
        session.output.json({"expireTime": shown})
    else:
        session.output.line(shown)


def _show(client: Client, digest: str) -> None:
    """Show what is asked for, on standard error; or say why that is not possible."""
    try:
        with reported():
            record = refusal_of(client, digest)
    except PermissionDenied:
        note(_HIDDEN)
        return
    if record is None:
        note(_UNKNOWN)
        return
    for line in described(record):
        indent = line[: len(line) - len(line.lstrip())]
        typer.echo(indent + printable(line), err=True)


def _ask() -> None:
    """Return if the approval is wanted.

    Raises:
        BadParameter: There is nobody to ask.
        Abort: It is not.
    """
    if not sys.stdin.isatty():
        raise typer.BadParameter("nothing was approved: say so at a terminal, or give --yes")
    typer.confirm("Approve it?", abort=True, err=True)
