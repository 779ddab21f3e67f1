"""``signward audit witness-key``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signward.audit.errors import NoteError
from signward.audit.witness_keys import make_witness_key
from signward.cli.secret_file import SecretFile

__all__ = ["witness_key"]


def witness_key(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Of the witness, such as witness.example.org.")
    ],
    file: Annotated[Path, typer.Argument(metavar="KEYFILE", help="A new file for the key.")],
) -> None:
    """Make the key of a new witness, and print its public half.

    The private half goes into a file of mode 0600, for --cosign-key of 'signward audit witness'.
    """
    try:
        key = make_witness_key(name)
    except NoteError as error:
        raise typer.BadParameter(f"{name!r}: {error}") from error
    with SecretFile(file) as secret:
        try:
            secret.store(key.text())
        except OSError as error:
            raise typer.BadParameter(f"{file}: {error.strerror}") from error
    typer.echo(str(key.verifier))
