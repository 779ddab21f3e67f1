"""``signward approve``."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.expiring import read_expires

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_is_digest = re.compile(r"[0-9a-fA-F]{64}").fullmatch


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
) -> None:
    """Approve one signature of somebody else; print when the approval ends."""
    if not _is_digest(digest):
        raise typer.BadParameter("DIGEST is 64 hex digits")
    with session.client() as client:
        end = client.admin.approve_request(digest, expires=read_expires(expires), reason=reason)
    shown = end.isoformat().replace("+00:00", "Z")
    if session.output.as_json:
        session.output.json({"expireTime": shown})
    else:
        session.output.line(shown)
