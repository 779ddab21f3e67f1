"""``signward sign hyperliquid``."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.expiring import read_expires_after
from signward.cli.failures import printable
from signward.cli.payload import read_file, read_hex
from signward.cli.sign.options import (
    FingerprintOption,
    KeyArgument,
    RequestIdOption,
    VersionOption,
)
from signward.hyperliquid.json_text import parsed
from signward.requests import hyperliquid_request

__all__ = ["hyperliquid"]

_FILE_HELP = "The action as the exchange takes it; '-': standard input."
_EXPIRES_HELP = "When it is refused: 30s, or milliseconds since 1970; 0: never."


@functools.partial(connected, as_json="--as-json")
def hyperliquid(
    session: Session,
    key: KeyArgument,
    file: Annotated[Path, typer.Option("--json", metavar="FILE", help=_FILE_HELP)],
    vault: Annotated[str, typer.Option(help="Vault or sub-account to act for.")] = "",
    expires_after: Annotated[str, typer.Option(metavar="WHEN", help=_EXPIRES_HELP)] = "0",
    nonce: Annotated[
        int, typer.Option(min=0, help="Milliseconds since 1970; 0: the daemon's next.")
    ] = 0,
    version: VersionOption = 0,
    expected_fingerprint: FingerprintOption = "",
    request_id: RequestIdOption = "",
) -> None:
    """Sign an action of the exchange; print r, s, v, the nonce, and the body to post, on lines."""
    fingerprint = read_hex(expected_fingerprint, "--expected-fingerprint")
    end = read_expires_after(expires_after)
    content = read_file(file)
    try:
        request = hyperliquid_request(
            key,
            parsed(content),
            vault_address=vault,
            expires_after=end,
            nonce=nonce,
            version=version,
            expected_fingerprint=fingerprint,
            request_id=request_id,
        )
    except (TypeError, ValueError) as error:
        raise typer.BadParameter(f"{file} is no action: {error}") from error
    with session.client() as client:
        answer = client.sign(request)
    if session.output.as_json:
        session.output.json(answer)
        return
    signed = answer.hyperliquid
    for value in (signed.r, signed.s, signed.v, signed.nonce):
        session.output.line(printable(str(value)))
    session.output.line(_escaped(signed.post_body.decode()))


def _escaped(text: str) -> str:
    """Return JSON that says the same, with nothing in it that steers a terminal."""
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
