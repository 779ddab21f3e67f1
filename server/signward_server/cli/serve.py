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
    development: Annotated[
        bool, typer.Option("--development", help="Tolerate SSLKEYLOGFILE, GRPC_TRACE, LD_PRELOAD.")
    ] = False,
) -> None:
    """Serve until SIGTERM or SIGINT. Prints one JSON line once it is ready."""
    # gRPC's core would write a line of its own for every handshake that fails.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    with reported():
        from signward_server.cli.hardening import advise, harden, refuse_surroundings

        if not development:
            refuse_surroundings(os.environ)
        harden()
        from signward_server.cli.serving import run
        from signward_server.config import Settings, load
        from signward_server.config.replaced import take_api_key
        from signward_server.home.kek import KekAccess
        from signward_server.wiring import Daemon, SettingsSource, build

        api_key = take_api_key(os.environ)
        access = KekAccess(descriptor=kek_fd, passphrase=passphrase_fd)

        folder, file = locate(home, config)
        direct = {"tcp": tcp, "unix": unix, "http": http}
        flags = [f"listen.{key}={value}" for key, value in direct.items() if value is not None]
        if log_level is not None:
            flags.append(f"log.level={log_level}")
        flags = [*(settings or ()), *flags]
        load_again = partial(load, file, environment=dict(os.environ), flags=flags, guarded=True)

        def put_together(known: Settings, source: SettingsSource) -> Daemon:
            daemon = build(known, source, folder, api_key=api_key, kek=access)
            if not development:
                advise(known)
            return daemon

        run(load_again(), SettingsSource(load_again, file), folder, put_together)
