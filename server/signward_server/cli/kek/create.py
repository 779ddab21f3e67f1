"""``signward kek create``: a file to make a credential of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signward_server.cli.locating import AsJson
from signward_server.cli.reporting import print_result, reported

__all__ = ["create"]


def create(
    file: Annotated[Path, typer.Argument(help="File to make; it is never replaced.")],
    *,
    allow_unlisted_libraries: Annotated[
        bool,
        typer.Option("--allow-unlisted-libraries", help="Take other builds of libsodium too."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a file with a random KEK (0600), to hand to systemd-creds encrypt and to shred."""
    with reported():
        from signward_server.cli.hardening import harden
        from signward_server.home.parts import write_kek

        harden()
        path = file.absolute()
        write_kek(path, allow_unlisted=allow_unlisted_libraries)
        print_result({"file": str(path)}, f"{path} was made", as_json=as_json)
