"""What commands on audit logs are given, read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import typer

from signward.audit.checkpoints import Checkpoint, parse_checkpoint
from signward.audit.errors import (
    AuditError,
    NoteError,
    ProofError,
    RecordError,
    SegmentError,
)
from signward.audit.log_list import LogList, parse_log_list
from signward.audit.notes import MAX_NOTE
from signward.audit.reading import RecordFilter
from signward.audit.verifier_keys import VerifierKey, parse_verifier_key
from signward.cli.durations import duration_of
from signward.cli.failures import NOT_THERE, NOT_VALID, note

__all__ = [
    "log_folder",
    "read_checkpoint",
    "read_file",
    "read_filter",
    "read_key",
    "read_list",
    "reported",
]

_LOG_IN_HOME = "audit"
_KEY_IN_HOME = "audit.pub"


@contextmanager
def reported() -> Iterator[None]:
    """Turn what goes wrong with a log into one line and an exit code.

    Raises:
        Exit: 1: it is damaged; 4: there is no such thing; 2: a file cannot be read.
    """
    try:
        yield
    except (SegmentError, RecordError, ProofError) as error:
        note(f"the log is damaged: {error}; see 'signward audit verify'")
        raise typer.Exit(NOT_VALID) from error
    except AuditError as error:
        note(str(error))
        raise typer.Exit(NOT_THERE) from error
    except FileNotFoundError as error:
        note(f"{error.filename}: there is no such file")
        raise typer.Exit(NOT_THERE) from error
    except OSError as error:
        raise typer.BadParameter(f"{error.filename}: {error.strerror}") from error


def log_folder(path: Path) -> Path:
    """Return the folder of the log that is, or is in, a folder."""
    inside = path / _LOG_IN_HOME
    return inside if inside.is_dir() else path


def read_key(text: str | None, home: Path | None = None) -> VerifierKey:
    """Return the public key that is meant.

    Args:
        text: The key itself, or a file with it; ``None``: that of the home.
        home: The folder that was given for the log.

    Raises:
        BadParameter: There is none.
    """
    if text is None:
        path = None if home is None else _key_in(home)
        if path is None:
            raise typer.BadParameter("give the log's public key with --key")
        note(f"the key is that of {path}; who could change the log may have changed it too")
        text = str(path)
    try:
        return parse_verifier_key(text)
    except NoteError as error:
        path = Path(text)
        if not path.is_file():
            raise typer.BadParameter(f"{text}: {error}, nor is it a file") from error
    try:
        return parse_verifier_key(read_file(path, 4096).decode("utf-8", "replace"))
    except NoteError as error:
        raise typer.BadParameter(f"{text}: {error}") from error


def _key_in(home: Path) -> Path | None:
    for folder in (home, home.resolve().parent):
        if (folder / _KEY_IN_HOME).is_file():
            return folder / _KEY_IN_HOME
    return None


def read_file(path: Path, largest: int) -> bytes:
    """Return what a file holds.

    Raises:
        BadParameter: It cannot be read, or holds more than ``largest`` bytes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from error
    if len(content) > largest:
        raise typer.BadParameter(f"{path}: the file is too long")
    return content


def read_list(path: Path, key: VerifierKey) -> LogList:
    """Return the list of logs in a file, its signature verified.

    Raises:
        BadParameter: There is none in it.
    """
    try:
        return parse_log_list(read_file(path, MAX_NOTE), key)
    except AuditError as error:
        raise typer.BadParameter(f"{path}: {error}") from error


def read_checkpoint(path: Path) -> Checkpoint:
    """Return the checkpoint in a file; its signatures are not verified.

    Raises:
        BadParameter: There is none in it.
    """
    content = read_file(path, MAX_NOTE)
    try:
        return parse_checkpoint(_without_empty_line(content))
    except NoteError as error:
        raise typer.BadParameter(f"{path}: {error}") from error


def _without_empty_line(content: bytes) -> bytes:
    """Return a note as it is, where it was taken from a file that ends each with an empty line."""
    return content[:-1] if content.endswith(b"\n\n") else content


def read_filter(
    identity: str, key: str, outcome: str, event: str, since: str | None, until: str | None
) -> RecordFilter:
    """Return which records are wanted.

    Raises:
        BadParameter: A time is none.
    """
    return RecordFilter(identity, key, outcome, event, _time(since), _time(until))


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    if (duration := duration_of(text)) is not None:
        return datetime.now(UTC) - duration
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} is neither how long ago, such as 2h, nor a time such as 2027-01-31T12:00:00Z"
        )
    return time
