"""The options that say which archive, and with which KEK it opens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from signward_server.config.schema import Envelope

__all__ = ["FileArgument", "KekOption", "KekSource", "KekSourceOption", "envelope"]

KekSource = Literal["file", "passphrase", "credential"]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The archive.")]
KekOption = Annotated[
    Path,
    typer.Option(
        "--kek",
        envvar="SIGNWARD_CUSTODY__ENVELOPE__KEK",
        help="KEK that the home had: what custody.envelope.kek names.",
    ),
]
KekSourceOption = Annotated[
    KekSource,
    typer.Option(
        "--kek-source",
        envvar="SIGNWARD_CUSTODY__ENVELOPE__KEK_SOURCE",
        help="What that is: custody.envelope.kek_source.",
    ),
]


def envelope(kek: Path, source: KekSource) -> Envelope:
    """Return the section of a configuration that names this KEK."""
    from signward_server.config import load

    named = kek.name if source == "credential" else kek.absolute()
    flags = (f"custody.envelope.kek={named}", f"custody.envelope.kek_source={source}")
    return load(None, environment={}, flags=flags).custody.envelope
