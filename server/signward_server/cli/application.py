"""The Typer application of the daemon-side commands, one file for each of them."""

from __future__ import annotations

import typer

from signward_server.cli import (
    adopt,
    audit,
    backup,
    cert,
    config,
    init,
    kek,
    migrate,
    policy,
    restore,
    serve,
)

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.command("init")(init.init)
app.command("serve")(serve.serve)
app.command("migrate")(migrate.migrate)
app.command("adopt")(adopt.adopt)
app.command("restore")(restore.restore)
app.add_typer(audit.app, name="audit")
app.add_typer(backup.app, name="backup")
app.add_typer(cert.app, name="cert")
app.add_typer(config.app, name="config")
app.add_typer(kek.app, name="kek")
app.add_typer(policy.app, name="policy")
