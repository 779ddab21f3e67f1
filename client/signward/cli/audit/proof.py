"""``signward audit proof``: that a record is in a log, or that a log only grew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signward.audit.checkpoints import Checkpoint
from signward.audit.folder import LogFolder
from signward.audit.proof_files import encode_proof
from signward.audit.proving import find_checkpoint, prove_consistency, prove_inclusion
from signward.cli.audit.inputs import open_folder, read_checkpoint, reported
from signward.cli.audit.options import FolderArgument

__all__ = ["proof"]


def proof(
    folder: FolderArgument,
    sequence: Annotated[
        int | None, typer.Option(min=0, help="Prove that this record is in the log.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=1, help="To the checkpoint of this size; default: the newest.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="SIZE|FILE", help="Prove that the log goes on from this checkpoint."
        ),
    ] = None,
    to: Annotated[
        int | None, typer.Option(min=1, help="To the checkpoint of this size; default: the newest.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new file; default: standard output.")
    ] = None,
) -> None:
    """Make a proof that needs nothing but the log's public key to be checked."""
    if (sequence is None) == (from_ is None):
        raise typer.BadParameter("give either --sequence or --from")
    if (size is not None and sequence is None) or (to is not None and from_ is None):
        raise typer.BadParameter("--size goes with --sequence, --to goes with --from")
    with reported():
        log = open_folder(folder)
        if sequence is not None:
            text = encode_proof(prove_inclusion(log, sequence, size))
        else:
            text = encode_proof(prove_consistency(log, _checkpoint(log, str(from_)), to))
        if output is None:
            typer.echo(text, nl=False)
        else:
            with output.open("x", encoding="ascii") as file:
                file.write(text)


def _checkpoint(log: LogFolder, text: str) -> Checkpoint:
    if text.isascii() and text.isdigit():
        return find_checkpoint(log, int(text))
    return read_checkpoint(Path(text))
