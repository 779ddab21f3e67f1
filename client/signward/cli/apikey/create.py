"""``signward apikey create``."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from signward.api_keys import NewApiKey
from signward.cli.apikey.options import AddressOption, ExpiresOption, IdentityOption
from signward.cli.apikey.show import show_api_key
from signward.cli.connection import Session, connected
from signward.cli.expiring import read_expires
from signward.cli.failures import INTERNAL, note
from signward.cli.output import Output
from signward.cli.secret_file import SecretFile

__all__ = ["create"]


@connected
def create(
    session: Session,
    identity: IdentityOption,
    expires: ExpiresOption,
    address: AddressOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the secret to this new file, not to the screen.")
    ] = None,
) -> None:
    """Make an API key and show its secret, this once."""
    end = read_expires(expires)
    place = nullcontext() if out is None else SecretFile(out)
    with session.client() as client, place as file:
        made = client.admin.create_api_key(identity, expires=end, address_ranges=address or ())
        if file is not None:
            _store(made, file)
    if out is None:
        _show(session.output, made)
    else:
        note(f"the secret of {made.api_key.id} is in {out} and nowhere else")
        show_api_key(session.output, made.api_key)


def _show(output: Output, made: NewApiKey) -> None:
    """Print the secret, alone on standard output, so that a pipe can take it."""
    key = made.api_key
    note(
        f"{key.id} for {key.identity} until {key.expire_time.ToJsonString()}; "
        "its secret is shown this once, store it now"
    )
    if output.as_json:
        output.json({"apiKey": key, "secret": made.secret})
    else:
        output.line(made.secret)


def _store(made: NewApiKey, file: SecretFile) -> None:
    try:
        file.store(made.secret)
    except OSError as error:
        failure = typer.TyperException(
            f"the secret could not be written ({error.strerror}) and is lost; "
            f"run 'signward apikey revoke {made.api_key.id}' and try again"
        )
        failure.exit_code = INTERNAL
        raise failure from error
