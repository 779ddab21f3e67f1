"""``signward init``: a working home in one step."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from signward_server.cli.locating import AsJson, PassphraseOption
from signward_server.cli.reporting import print_result, reported

__all__ = ["init"]

_UNLISTED: dict[str, object] = {"custody.envelope.allow_unlisted_libraries": True}
_PASSPHRASE: dict[str, object] = {
    "custody.envelope.kek_source": "passphrase",
    "custody.envelope.kek": "kek.passphrase",
}


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Home to make.")],
    *,
    tcp: Annotated[
        str, typer.Option(help="gRPC address, HOST:PORT; empty for none.")
    ] = "127.0.0.1:7443",
    http: Annotated[
        str, typer.Option(help="Address of the probes, HOST:PORT; empty for none.")
    ] = "127.0.0.1:7480",
    kek: Annotated[
        Literal["file", "passphrase"], typer.Option(help="Where the KEK is to come from.")
    ] = "file",
    passphrase_fd: PassphraseOption = None,
    allow_unlisted_libraries: Annotated[
        bool,
        typer.Option("--allow-unlisted-libraries", help="Take other builds of libsodium too."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a home: a development CA, certificates, a KEK, policies, signward.toml, the store."""
    with reported():
        from signward_server.config import load
        from signward_server.core.clock import SystemClock
        from signward_server.core.startup import ConfigurationRefused
        from signward_server.home.creation import HomePlan, create_home
        from signward_server.home.kek_access import KekAccess
        from signward_server.home.kek_places import KekPlace
        from signward_server.home.parts import write_kek, write_store

        flags = [f"listen.tcp={tcp}", f"listen.http={http}", "listen.unix=run/signward.sock"]
        listen = load(None, environment={}, flags=flags).listen
        for option, endpoint in (("--tcp", listen.tcp), ("--http", listen.http)):
            if endpoint is not None and not endpoint.is_loopback:
                raise ConfigurationRefused(
                    f"{option} is not on loopback, and the certificates are for development",
                    "make the home on loopback, then set certificates and addresses in its "
                    "signward.toml",
                )
        clock = SystemClock()

        def make_kek(path: Path) -> None:
            place = KekPlace("file", path).beside(kek, path.parent)
            access = KekAccess(passphrase=passphrase_fd)
            write_kek(place.path, kek, access, allow_unlisted=allow_unlisted_libraries)

        plan = HomePlan(
            path=folder.absolute(),
            tcp=listen.tcp,
            http=listen.http,
            write_kek=make_kek,
            write_store=partial(write_store, clock=clock),
            settings=(_UNLISTED if allow_unlisted_libraries else {})
            | (_PASSPHRASE if kek == "passphrase" else {}),
        )
        home = create_home(plan, clock)
        profiles = home.clients / "profiles.toml"
        result = {
            "home": str(home.path),
            "ca": str(plan.authority),
            "config": str(home.configuration),
            "policies": str(home.policies),
            "profiles": str(profiles),
        }
        print_result(result, _text(home.path, plan.authority, profiles), as_json=as_json)


def _text(home: Path, authority: Path, profiles: Path) -> str:
    quoted = shlex.quote(str(home))
    return f"""\
Home       {home}
CA         {authority} (its private key issues clients: keep it off the daemon's machine)
Policies   {home / "policies"} (admin administers, everyone signs with their own keys)
Profiles   {profiles} (admin, bot)

Next:
  signward serve --home {quoted}
  SIGNWARD_PROFILES={shlex.quote(str(profiles))} SIGNWARD_PROFILE=bot signward health"""
