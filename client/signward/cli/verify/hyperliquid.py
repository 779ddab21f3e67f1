"""``signward verify hyperliquid``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.payload import read_file
from signward.cli.sign.options import KeyArgument, VersionOption
from signward.cli.verify.verdict import finish
from signward.hyperliquid.bodies import read_body

__all__ = ["hyperliquid"]

_BODY_HELP = "The body that was posted, or is to be; '-': standard input."


@connected
def hyperliquid(
    session: Session,
    key: KeyArgument,
    file: Annotated[Path, typer.Option("--body", metavar="FILE", help=_BODY_HELP)],
    version: VersionOption = 0,
) -> None:
    """Say whether a key signed a body for the exchange; version 0: any of its versions."""
    content = read_file(file)
    try:
        body = read_body(content)
    except ValueError as error:
        raise typer.BadParameter(f"{file} is no signed body: {error}") from error
    with session.client() as client:
        answer = client.verify_hyperliquid(
            key,
            body.action,
            body.signature,
            vault_address=body.vault_address,
            version=version,
        )
    finish(session.output, answer)
