"""``signward backup``: an encrypted archive of a home, and whether one is whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from signward_server.cli.backup.options import FileArgument, KekOption, KekSourceOption, envelope
from signward_server.cli.locating import (
    AsJson,
    ConfigOption,
    HomeOption,
    PassphraseOption,
    SetOption,
    locate,
)
from signward_server.cli.reporting import print_result, reported

__all__ = ["app"]

app = typer.Typer(
    help="Make an encrypted archive of a home, whose daemon may be running, or verify one."
)


@app.callback(invoke_without_command=True)
def backup(
    context: typer.Context,
    *,
    out: Annotated[Path | None, typer.Option(help="Archive to make; never replaced.")] = None,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    passphrase_fd: PassphraseOption = None,
    as_json: AsJson = False,
) -> None:
    """Write an archive of a home: all but the KEK. The daemon may be running."""
    if context.invoked_subcommand is not None:
        return
    if out is None:
        raise typer.BadParameter("name the archive to make", param_hint="--out")
    with reported():
        from signward_server.cli.hardening import harden
        from signward_server.config import load
        from signward_server.core.clock import SystemClock
        from signward_server.home.kek_access import KekAccess
        from signward_server.wiring.backing_up import back_up

        harden()
        folder, file = locate(home, config)
        loaded = load(file, environment=os.environ, flags=settings or (), guarded=True)
        made, size = back_up(
            loaded, folder, file, out.absolute(), SystemClock(), KekAccess(passphrase=passphrase_fd)
        )
        for setting in made.left_out:
            typer.echo(f"signward: not in the archive: {setting}", err=True)
        result = {"file": str(out), "bytes": size, "left_out": made.left_out}
        text = f"{out} is made ({size} bytes); it opens with the home's KEK, which is not in it"
        print_result(result, text, as_json=as_json)


@app.command("verify")
def verify(
    file: FileArgument,
    *,
    kek: KekOption,
    kek_source: KekSourceOption = "file",
    passphrase_fd: PassphraseOption = None,
    as_json: AsJson = False,
) -> None:
    """Check an archive from beginning to end, as a restore does; nothing is left behind."""
    with reported():
        from signward_server.cli.hardening import harden
        from signward_server.home.kek_access import KekAccess
        from signward_server.wiring.backing_up import verify as checked

        harden()
        section = envelope(kek, kek_source)
        found = checked(file.absolute(), section, KekAccess(passphrase=passphrase_fd))
        result = {"file": str(file), "created": found.created, "release": found.release}
        text = f"{file} is whole; it was made at {found.created} by release {found.release}"
        print_result(result, text, as_json=as_json)
