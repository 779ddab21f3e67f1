"""``signward kek rotate``: another KEK for a home, or another place for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

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
from signward_server.core.startup import ExitCode

if TYPE_CHECKING:
    from signward_server.wiring.kek_rotation import Rotated

__all__ = ["rotate"]

_NAMED = 20


def rotate(
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    to: Annotated[
        Literal["file", "passphrase", "credential"] | None,
        typer.Option(help="Where the new KEK comes from; by default as before."),
    ] = None,
    credential: Annotated[
        str, typer.Option(metavar="NAME", help="Credential of systemd with the new KEK.")
    ] = "",
    passphrase_fd: PassphraseOption = None,
    new_passphrase_fd: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="The same for the passphrase of the new KEK."),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Begin anew although damaged keys name an older KEK.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Seal everything under a new KEK; the daemon must not be running.

    Run it again if it was interrupted: it goes on where it was. Private halves are not opened.
    Exit code 4 if keys are damaged and name the old KEK still.
    """
    with reported():
        from signward_server.cli.hardening import harden
        from signward_server.config import load
        from signward_server.core.clock import SystemClock
        from signward_server.home.kek_access import KekAccess
        from signward_server.home.layout import Home
        from signward_server.home.parts import translated
        from signward_server.home.store_lock import store_lock
        from signward_server.wiring.kek_rotation import Wanted, rotate_kek
        from signward_server.wiring.rotation_parts import RotationAccess

        harden()
        folder, file = locate(home, config)
        loaded = load(file, environment=os.environ, flags=settings or (), guarded=True)
        access = RotationAccess(
            old=KekAccess(passphrase=passphrase_fd), new=KekAccess(passphrase=new_passphrase_fd)
        )
        wanted = Wanted(kind=to, credential=credential, anew=anew)
        with (
            Home(folder).lock(),
            store_lock(loaded.store),
            translated(),
            _progress(quiet=as_json) as progress,
        ):
            done = rotate_kek(loaded, folder, file, wanted, access, SystemClock(), progress)
        print_result(_facts(done), _text(done), as_json=as_json)
        if done.named:
            raise typer.Exit(ExitCode.CUSTODY)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], object]]:
    """Yield what takes reports of progress: a bar, where somebody is there to see it."""
    if quiet or not sys.stderr.isatty():
        yield max
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _facts(done: Rotated) -> dict[str, object]:
    return {
        "old": done.old.hex(),
        "new": done.new.hex(),
        "source": done.place.kind,
        "kek": str(done.place.path),
        "aside": None if done.aside is None else str(done.aside),
        "damaged": list(done.damaged),
        "named": done.named,
    }


def _text(done: Rotated) -> str:
    where = done.place.path if done.place.is_file else f"credential {done.place.path.name}"
    lines = [f"KEK        {done.new.hex()}, {where}"]
    aside = done.aside or "its credential, which you have to put away"
    if done.damaged:
        ids = ", ".join(done.damaged[:_NAMED])
        more = f" and {len(done.damaged) - _NAMED} more" if len(done.damaged) > _NAMED else ""
        lines.append(f"Damaged    {ids}{more}: left as they were")
    if done.named:
        lines += [
            f"Old KEK    {done.old.hex()}, {aside}",
            f"           {done.named} private halves name it still: it is NOT retired. Restore",
            "           those keys and run this again, or begin --anew to leave them behind.",
        ]
    else:
        lines += [
            f"Retired    {done.old.hex()}, {aside}",
            "           Nothing names it. Backups from before need it: keep it as long as them,",
            "           away from this machine, then destroy it.",
        ]
    return "\n".join(lines)
