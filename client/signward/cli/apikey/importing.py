"""``signward apikey import``: the secret comes from a terminal, a pipe or a file, no argument."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from signward.cli.apikey.options import AddressOption, ExpiresOption, IdentityOption
from signward.cli.apikey.show import show_api_key
from signward.cli.connection import Session, connected
from signward.cli.expiring import read_expires
from signward.cli.payload import read_file

__all__ = ["import_api_key"]

_STANDARD_INPUT = Path("-")
_is_secret = re.compile(r"[!-~]+").fullmatch


@connected
def import_api_key(
    session: Session,
    identity: IdentityOption,
    expires: ExpiresOption,
    address: AddressOption = None,
    file: Annotated[
        Path, typer.Option("--file", "-f", help="Read the secret from a file; '-': standard input.")
    ] = _STANDARD_INPUT,
) -> None:
    """Take over a secret that callers send already; a terminal asks for it without showing it."""
    end = read_expires(expires)
    secret = _read_secret(file)
    with session.client() as client:
        key = client.admin.import_api_key(
            identity, secret, expires=end, address_ranges=address or ()
        )
    show_api_key(session.output, key)


def _read_secret(file: Path) -> str:
    """Return one line.

    Raises:
        BadParameter: There is none that could be a secret; the text does not show what there is.
    """
    if file == _STANDARD_INPUT and sys.stdin.isatty():
        secret = str(typer.prompt("Secret", hide_input=True, err=True))
    else:
        secret = read_file(file).decode("ascii", "replace").rstrip("\r\n")
    if not _is_secret(secret):
        raise typer.BadParameter("the secret is not one line of printable ASCII without spaces")
    return secret
