"""``signward restore``: a home of an archive."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from signward_server.cli.backup.options import FileArgument, KekOption, KekSourceOption, envelope
from signward_server.cli.locating import AsJson, PassphraseOption
from signward_server.cli.reporting import print_result, reported

__all__ = ["restore"]


def restore(
    file: FileArgument,
    *,
    home: Annotated[
        Path, typer.Option("--home", envvar="SIGNWARD_HOME", help="Folder to make; never replaced.")
    ],
    kek: KekOption,
    kek_source: KekSourceOption = "file",
    passphrase_fd: PassphraseOption = None,
    as_json: AsJson = False,
) -> None:
    """Make a home of an archive; it signs nothing until it is adopted."""
    with reported():
        from signward_server.cli.hardening import harden
        from signward_server.home.kek_access import KekAccess
        from signward_server.wiring.backing_up import restore as restored

        harden()
        folder = home.absolute()
        section = envelope(kek, kek_source)
        found = restored(file.absolute(), folder, section, KekAccess(passphrase=passphrase_fd))
        for setting in found.left_out:
            typer.echo(f"signward: not in the archive: {setting}", err=True)
        result = {"home": str(folder), "created": found.created, "left_out": found.left_out}
        print_result(result, _text(folder, found.created), as_json=as_json)


def _text(home: Path, created: str) -> str:
    return f"""\
Home       {home}, as it was at {created}

Next:
  put the KEK where custody.envelope.kek says, and make sure that no other copy signs
  signward adopt --home {shlex.quote(str(home))}"""
