"""``signward cert``: certificates from the development CA."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from signward_server.cli.locating import AsJson
from signward_server.cli.reporting import print_result, reported

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Client certificates from the development CA.")


@app.callback()
def _group() -> None:
    """Client certificates from the development CA."""


@app.command("issue")
def issue(
    *,
    identity: Annotated[
        str, typer.Option(help="Name: bot, cn:bot, dns:bot.local or spiffe://domain/bot.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for NAME.crt, NAME.key and ca.crt.")],
    ca: Annotated[
        Path | None, typer.Option(help="Folder of the CA; by default HOME-ca beside the home.")
    ] = None,
    home: Annotated[
        Path | None, typer.Option(envvar="SIGNWARD_HOME", help="Home that the CA belongs to.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=825, help="Lifetime.")] = 397,
    as_json: AsJson = False,
) -> None:
    """Issue a client certificate with a new private key (0600)."""
    with reported():
        from signward_server.core.clock import SystemClock
        from signward_server.home.authority import Authority
        from signward_server.home.identities import file_name, parse_identity
        from signward_server.home.issuing import publish
        from signward_server.home.layout import authority_folder

        folder = ca or authority_folder((home or Path()).absolute())
        name = parse_identity(identity)
        authority = Authority.open(folder)
        issued = authority.issue_client(name, SystemClock().now(), timedelta(days=days))
        stem = out.absolute() / file_name(name)
        publish(issued, stem, authority.certificate_pem)
        result = {
            "identity": str(name),
            "certificate": f"{stem}.crt",
            "private_key": f"{stem}.key",
            "ca": str(stem.with_name("ca.crt")),
            "not_after": issued.not_after.isoformat(),
        }
        text = f"{stem}.crt and .key name {name} until {issued.not_after:%Y-%m-%d}"
        print_result(result, text, as_json=as_json)
