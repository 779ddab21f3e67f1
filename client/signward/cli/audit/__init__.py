"""``signward audit``: verify, search, prove and witness an audit log.

Each command is imported when it runs: those that work on a folder never load grpc.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer
import typer.main
from typer.core import TyperGroup

from signward.cli.lazy import Lazy, daemon_loader

__all__ = ["app"]

_COMMANDS = {
    "verify": "Verify a log, offline: every record, every checkpoint, every segment.",
    "query": "Show the records of a log that fit, from its folder or from its daemon.",
    "tail": "Show the last records of a daemon's log, and those to come.",
    "export": "Write the records of a log as JSON lines, in order.",
    "proof": "Make a proof that needs nothing but the log's public key to be checked.",
    "check-proof": "Check a proof; nothing but the log's public key is needed.",
    "checkpoint": "Fetch a daemon's newest checkpoint, and verify it.",
    "witness": "Follow a daemon's log and cosign its checkpoints.",
    "witness-key": "Make the key of a new witness.",
}
_DAEMON = {"init": "Begin an audit log for a home."}


class _Audit(TyperGroup):
    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 -- Typer's own signature
        super().__init__(**attributes)
        for name, text in _COMMANDS.items():
            self.add_command(Lazy(name, text, _loader(name)))
        for name, text in _DAEMON.items():
            self.add_command(Lazy(name, text, daemon_loader("audit", name)))

    def list_commands(self, ctx: object) -> list[str]:
        """Return the commands in the order of their table."""
        del ctx
        return [*_COMMANDS, *_DAEMON]


def _loader(name: str) -> Callable[[], Any]:
    def load() -> Any:  # noqa: ANN401 -- Typer's
        function = name.replace("-", "_")
        alone = typer.Typer(add_completion=False)
        alone.command(name)(getattr(import_module(f"{__name__}.{function}"), function))
        return typer.main.get_command(alone)

    return load


app = typer.Typer(cls=_Audit)


@app.callback()
def _audit() -> None:
    """Verify, search, prove and witness an audit log."""
