"""``signward key rotate``."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.durations import read_duration
from signward.cli.key.options import GraceOption, KeyArgument
from signward.cli.key.show import version_rows

__all__ = ["rotate"]


@connected
def rotate(
    session: Session,
    key_id: KeyArgument,
    grace_period: GraceOption = None,
    etag: Annotated[str, typer.Option(help="Refuse if the key changed since it was read.")] = "",
    request_id: Annotated[
        str | None, typer.Option(help="Makes repeating this command safe.", show_default=False)
    ] = None,
) -> None:
    """Give a key a new version; the old one still signs for a while when it is named."""
    grace = read_duration(grace_period)
    with session.client() as client:
        answer = client.rotate_key(key_id, grace_period=grace, etag=etag, request_id=request_id)
    if session.output.as_json:
        session.output.json(answer)
        return
    session.output.pairs(version_rows("new", answer.version))
    session.output.pairs(version_rows("previous", answer.previous_version))
