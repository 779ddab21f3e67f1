"""The command ``signward``: what there is, each part loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from signward.cli.failures import guard
from signward.cli.lazy import Lazy, daemon_loader, module_loader

__all__ = ["app", "run"]

_CLIENT = {
    "key": "Create, import, read, change, rotate and freeze keys.",
    "sign": "Sign a message, an order, or an action of an exchange.",
    "verify": "Say whether a key made a signature.",
    "agent": "Approve, rotate, list and end agents of Hyperliquid accounts.",
    "apikey": "Create, import, list and revoke API keys.",
    "approve": "Approve one signature that somebody else asks for.",
    "audit": "Verify, search and prove an audit log.",
    "reload": "Have a daemon read again what has changed.",
    "health": "Ask a daemon whether it is serving.",
    "bench": "Measure a daemon's latency and throughput.",
    "version": "Show the versions of this installation.",
}
_DAEMON = {
    "init": "Make a working home for a daemon.",
    "serve": "Run the daemon.",
    "migrate": "Bring a store to the present schema.",
    "backup": "Make an encrypted archive of a home, or verify one.",
    "restore": "Make a home of a backup.",
    "adopt": "Say that a copied or restored home is the one that signs.",
    "kek": "Show, make and rotate the key-encryption key.",
    "cert": "Issue development certificates.",
    "config": "Check, show and describe the configuration.",
    "policy": "Check, test and explain policies.",
}


class _Root(TyperGroup):
    """Adds the lazy commands, and turns whatever goes wrong into one line and an exit code."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 -- Typer's own signature
        super().__init__(**attributes)
        for name, text in _CLIENT.items():
            self.add_command(Lazy(name, text, module_loader(f"signward.cli.{name}")))
        for name, text in _DAEMON.items():
            self.add_command(Lazy(name, text, daemon_loader(name)))

    def list_commands(self, ctx: object) -> list[str]:
        """Return the commands in the order of their table, not of the alphabet."""
        del ctx
        return [*_CLIENT, *_DAEMON]

    def main(
        self,
        args: Sequence[str] | None = None,
        *_: object,
        **extra: Any,  # noqa: ANN401 -- Typer's own signature
    ) -> NoReturn:
        """Run in Typer's quiet mode, report, and exit."""
        extra.update(prog_name="signward", standalone_mode=False)
        raise SystemExit(guard(lambda: super(_Root, self).main(args, **extra)))


app = typer.Typer(
    cls=_Root,
    help="Signatures from a signing daemon over mTLS. Private keys never leave its custody.",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.")
    ] = False,
) -> None:
    if show_version:
        from signward.cli.version import installed_version  # noqa: PLC0415 -- rarely needed

        typer.echo(installed_version("signward"))
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    app(arguments)
