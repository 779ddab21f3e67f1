"""``signward adopt``: let a copied or restored home sign."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from signward_server.cli.locating import (
    AsJson,
    ConfigOption,
    HomeOption,
    PassphraseOption,
    SetOption,
    locate,
)
from signward_server.cli.reporting import print_result, reported

__all__ = ["adopt"]

_WARNING = """\
{finding}
The audit log would go on after record {last}.

Adopting says that this home is the one that signs with these keys, and no other:
  - any other copy must be stopped for good, or everything that is counted or used once is
    counted and used twice
  - keys and API keys that were taken away after this copy was made are valid again
  - if a witness has seen more records than these, begin another log first: signward audit init
It skips nonces ahead and {windows}."""
_CLOSED = "closes all windows"
_OPEN = "leaves windows open, since others serve from this database"


def adopt(
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    passphrase_fd: PassphraseOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a copied or restored home sign; the daemon must not be running."""
    with reported():
        from signward_server.cli.hardening import harden
        from signward_server.config import load
        from signward_server.core.clock import SystemClock
        from signward_server.core.startup import NotAdopted
        from signward_server.home.kek_access import KekAccess
        from signward_server.home.layout import Home
        from signward_server.home.store_lock import store_lock
        from signward_server.wiring.adopting import adopting

        harden()
        folder, file = locate(home, config)
        loaded = load(file, environment=os.environ, flags=settings or (), guarded=True)
        with (
            Home(folder).lock(),
            store_lock(loaded.store),
            adopting(loaded, folder, SystemClock(), KekAccess(passphrase=passphrase_fd)) as found,
        ):
            said = found.finding[:1].upper() + found.finding[1:]
            windows = _OPEN if found.joins else _CLOSED
            warning = _WARNING.format(finding=f"{said}.", last=found.records - 1, windows=windows)
            typer.echo(warning, err=True)
            if not yes and not (sys.stdin.isatty() and typer.confirm("Adopt it?", err=True)):
                raise NotAdopted("the home was not adopted", "say so, or give --yes")
            now = found.adopt()
        result = {"home": now.home, "generation": now.generation}
        text = f"{folder} is adopted (generation {now.generation})"
        print_result(result, text, as_json=as_json)
