"""``signward audit proof``: that a record is in a log, or that a log only grew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signward.audit.checkpoints import Checkpoint
from signward.audit.errors import ProofError
from signward.audit.folder import LogFolder
from signward.audit.proof_files import Proof, encode_proof
from signward.audit.proving import find_checkpoint, prove_consistency, prove_inclusion
from signward.cli.audit.inputs import read_checkpoint, reported
from signward.cli.audit.logs import one_of, opened, places_in
from signward.cli.audit.online import RemoteLog, every_log, online
from signward.cli.audit.options import LogOption, OptionalFolderArgument
from signward.cli.connection import Session
from signward.cli.failures import NOT_VALID, note

__all__ = ["proof"]


@online
def proof(
    session: Session,
    folder: OptionalFolderArgument = None,
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
    log: LogOption = "",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new file; default: standard output.")
    ] = None,
) -> None:
    """Make a proof that needs nothing but the log's public key to be checked.

    It is made from the log's folder or, where none is given, asked of its daemon, which has its
    newest checkpoint only. The record of somebody else takes the right to read records. Where a
    home has several logs, --log says in which one, unless the file given with --from does.
    """
    if (sequence is None) == (from_ is None):
        raise typer.BadParameter("give either --sequence or --from")
    if (size is not None and sequence is None) or (to is not None and from_ is None):
        raise typer.BadParameter("--size goes with --sequence, --to goes with --from")
    if folder is None and (size is not None or to is not None):
        raise typer.BadParameter("--size and --to need the log's folder")
    with reported():
        log = log or _log_of(from_)
        if folder is None:
            text = encode_proof(_asked(session, sequence, str(from_), log))
        else:
            source = opened(one_of(places_in(folder), log))
            text = encode_proof(_made(source, sequence, size, str(from_), to))
        if output is None:
            typer.echo(text, nl=False)
        else:
            with output.open("x", encoding="ascii") as file:
                file.write(text)


def _log_of(from_: str | None) -> str:
    """Return of which log the checkpoint in a file is; empty if there is no file."""
    return "" if from_ is None or _is_size(from_) else read_checkpoint(Path(from_)).origin


def _asked(session: Session, sequence: int | None, from_: str, name: str) -> Proof:
    if sequence is None and _is_size(from_):
        raise typer.BadParameter("--from needs a checkpoint's file where no folder is given")
    with session.client() as client:
        [origin] = every_log(client, name, alone=True)
        log = RemoteLog(client, origin)
        try:
            if sequence is not None:
                return log.prove_inclusion(sequence)
            return log.prove_consistency(read_checkpoint(Path(from_)))
        except ProofError as error:
            note(f"not valid: what the daemon shows proves nothing: {error}")
            raise typer.Exit(NOT_VALID) from error


def _made(
    log: LogFolder, sequence: int | None, size: int | None, from_: str, to: int | None
) -> Proof:
    if sequence is not None:
        return prove_inclusion(log, sequence, size)
    return prove_consistency(log, _checkpoint(log, from_), to)


def _checkpoint(log: LogFolder, text: str) -> Checkpoint:
    if _is_size(text):
        return find_checkpoint(log, int(text))
    return read_checkpoint(Path(text))


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdigit()
