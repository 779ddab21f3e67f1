"""``signward audit init``: a log for a home that has none."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from signward_server.cli.locating import AsJson, ConfigOption, HomeOption, SetOption, locate
from signward_server.cli.reporting import print_result, reported

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The daemon's side of the audit log.")


@app.callback()
def _group() -> None:
    """The daemon's side of the audit log."""


@app.command("init")
def init(
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    origin: Annotated[
        str, typer.Option(help="Name of the log, if audit.origin is set to it already.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Begin an audit log with a name of its own, and its key if there is none."""
    with reported():
        from signward_server.audit.checkpoint_key import new_origin
        from signward_server.config import load
        from signward_server.core.startup import AuditRefused
        from signward_server.home.auditing import public_file, write_audit
        from signward_server.home.editing import set_origin
        from signward_server.home.layout import Home

        folder, file = locate(home, config)
        section = load(file, environment=os.environ, flags=settings or ()).audit
        with Home(folder).lock():
            if section.folder.exists():
                raise AuditRefused(
                    f"{section.folder} exists; nothing in it was touched",
                    "move it away as evidence, or name another audit.folder",
                )
            name = origin or new_origin()
            if name != section.origin:
                set_origin(file, name)
            verifier = write_audit(section.folder, section.checkpoint_key, name)
        result = {
            "origin": name,
            "folder": str(section.folder),
            "key": str(section.checkpoint_key),
            "verifier_key": verifier,
        }
        text = f"""\
Log        {name} in {section.folder}
Key        {section.checkpoint_key}
Verifier   {verifier} (also in {public_file(section.checkpoint_key)})"""
        print_result(result, text, as_json=as_json)
