"""``signward audit checkpoint``: exit code 1 when it does not verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signward.audit.checkpoints import Checkpoint, parse_checkpoint, verify_checkpoint
from signward.audit.errors import AuditError
from signward.audit.log_list import key_of
from signward.audit.replacing import replace_file
from signward.audit.verifier_keys import VerifierKey
from signward.audit.witnessing import judge
from signward.cli.audit.inputs import read_checkpoint, read_key
from signward.cli.audit.online import RemoteLog, every_log, online
from signward.cli.audit.options import LogKeyOption, LogOption
from signward.cli.connection import Session
from signward.cli.failures import NOT_VALID, note

__all__ = ["checkpoint"]


@online
def checkpoint(
    session: Session,
    key: LogKeyOption = None,
    since: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A checkpoint that the log has to go on from."),
    ] = None,
    log: LogOption = "",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to save it; default: standard output."),
    ] = None,
) -> None:
    """Fetch a daemon's newest checkpoint, and verify it: exit code 1 if it does not verify.

    With --key its signature is verified, with --since that the log has only grown. Whoever keeps
    it can show later that what was in the log then has been changed.
    """
    if since is not None and key is None:
        raise typer.BadParameter("--since needs the log's public key, --key")
    log_key = None if key is None else read_key(key)
    known = None if since is None else read_checkpoint(since)
    with session.client() as client:
        try:
            [origin] = every_log(client, log or _of_home(log_key, known), alone=True)
            log_key = None if log_key is None else key_of(log_key, origin)
            found = _fetched(RemoteLog(client, origin), log_key, known)
        except AuditError as error:
            note(f"not valid: {error}")
            raise typer.Exit(NOT_VALID) from error
    if log_key is None:
        note("not verified: give the log's public key, --key")
    _show(session, found, out)


def _of_home(key: VerifierKey | None, known: Checkpoint | None) -> str:
    """Return of which log a checkpoint is; empty where that can be none of the key's home."""
    if key is None or known is None:
        return ""
    return known.origin if key_of(key, known.origin).name == known.origin else ""


def _fetched(log: RemoteLog, key: VerifierKey | None, known: Checkpoint | None) -> Checkpoint:
    if key is None:
        return parse_checkpoint(log.checkpoint())
    if known is not None:
        verify_checkpoint(known, key)
    return judge(log, key, known)


def _show(session: Session, found: Checkpoint, out: Path | None) -> None:
    text = bytes(found.note)
    if out is not None:
        try:
            replace_file(out, text)
        except OSError as error:
            raise typer.BadParameter(f"{out}: {error.strerror}") from error
    if session.output.as_json:
        session.output.json(
            {
                "log": found.origin,
                "size": found.size,
                "root": found.root.hex(),
                "checkpoint": text.decode(),
            }
        )
    elif out is None:
        typer.echo(text.decode(), nl=False)
