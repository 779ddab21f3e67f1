"""The options that say which home and configuration a command works on, and how to open it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AsJson", "ConfigOption", "HomeOption", "PassphraseOption", "SetOption", "locate"]

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="SIGNWARD_HOME",
        help="Folder of the daemon; by default that of the configuration file, or the current one.",
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="SIGNWARD_CONFIG",
        help="Configuration file; by default signward.toml in the home.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as log.level=debug."),
]
PassphraseOption = Annotated[
    int | None,
    typer.Option(
        "--passphrase-fd",
        min=0,
        metavar="N",
        help="Descriptor that holds the passphrase of the KEK; by default the terminal is asked.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def locate(home: Path | None, config: Path | None) -> tuple[Path, Path]:
    """Return the home and the configuration file, both absolute."""
    if home is None:
        home = config.parent if config is not None else Path()
    file = config if config is not None else home / "signward.toml"
    return home.absolute(), file.absolute()
