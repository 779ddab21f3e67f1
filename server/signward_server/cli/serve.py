"""``signward serve``: the daemon."""

from __future__ import annotations

import os
from functools import partial
from typing import Annotated

import typer

from signward_server.cli.locating import (
    ConfigOption,
    HomeOption,
    PassphraseOption,
    SetOption,
    locate,
)
from signward_server.cli.reporting import reported

__all__ = ["serve"]


def serve(
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    tcp: Annotated[str | None, typer.Option(help="Same as --set listen.tcp=HOST:PORT.")] = None,
    unix: Annotated[str | None, typer.Option(help="Same as --set listen.unix=PATH.")] = None,
    http: Annotated[str | None, typer.Option(help="Same as --set listen.http=HOST:PORT.")] = None,
    log_level: Annotated[str | None, typer.Option(help="Same as --set log.level=LEVEL.")] = None,
    passphrase_fd: PassphraseOption = None,
    kek_fd: Annotated[int | None, typer.Option("--kek-fd", min=0, hidden=True)] = None,
    workers: Annotated[str | None, typer.Option(help="Same as --set workers.count=N.")] = None,
    development: Annotated[
        bool, typer.Option("--development", help="Tolerate SSLKEYLOGFILE, GRPC_TRACE, LD_PRELOAD.")
    ] = False,
    worker: Annotated[int | None, typer.Option(hidden=True)] = None,
    channel: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Prints one JSON line once it is ready."""
    # gRPC's core would write a line of its own for every handshake that fails.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    with reported():
        from signward_server.cli.hardening import harden, refuse_surroundings

        if not development:
            refuse_surroundings(os.environ)
        harden()
        from signward_server.cli.starting import Start
        from signward_server.config import load
        from signward_server.home.kek_access import KekAccess

        folder, file = locate(home, config)
        direct = {
            "listen.tcp": tcp,
            "listen.unix": unix,
            "listen.http": http,
            "log.level": log_level,
            "workers.count": workers,
        }
        flags = [*(settings or ())]
        flags += [f"{key}={value}" for key, value in direct.items() if value is not None]
        load_again = partial(load, file, environment=dict(os.environ), flags=flags, guarded=True)
        start = Start(
            home=folder,
            file=file,
            load=load_again,
            kek=KekAccess(descriptor=kek_fd, passphrase=passphrase_fd),
            development=development,
        )
        if worker is not None and channel is not None:
            start.as_worker(worker, channel)
            return
        known = load_again()
        if known.workers.count > 1:
            start.supervised(known)
        else:
            start.alone(known)
