"""``signward audit witness``: exit code 1 when the log contradicts itself."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from signward.audit.errors import NoteError
from signward.audit.log_list import FIRST
from signward.audit.witness_keys import MAX_WITNESS_KEY, WitnessKey, parse_witness_key
from signward.audit.witness_state import StateError, WitnessState, sole_user
from signward.audit.witnessing import ContradictionError
from signward.cli.audit.following import Follower
from signward.cli.audit.inputs import read_file, read_key
from signward.cli.audit.online import online
from signward.cli.audit.sightings import Sightings
from signward.cli.connection import Session
from signward.cli.durations import read_duration
from signward.cli.failures import NOT_VALID, note

__all__ = ["witness"]

_LEAST_INTERVAL = 0.01  # seconds
_OTHERS = 0o077


@online
def witness(
    session: Session,
    key: Annotated[str, typer.Option("--key", metavar="VKEY|FILE", help="The log's public key.")],
    state: Annotated[
        Path, typer.Option(metavar="FILE", help="What it remembers: never remove it, nor copy it.")
    ],
    cosign_key: Annotated[
        Path, typer.Option(metavar="KEYFILE", help="Its own key, see 'signward audit witness-key'.")
    ],
    interval: Annotated[
        str, typer.Option(metavar="DURATION", help="Between two looks: 1s, 1m.")
    ] = "1s",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Always has the newest cosigned checkpoint; default: each to standard output.",
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
) -> None:
    """Follow a daemon's logs and cosign their checkpoints, as long as they only grow.

    Exit code 1, and nothing cosigned, when the log has gone back, shows another history, or is not
    the log: what contradicts each other is kept beside the state. A daemon that does not answer is
    tried again.
    """
    log_key = read_key(key)
    pause = read_duration(interval)
    seconds = _LEAST_INTERVAL if pause is None else max(pause.total_seconds(), _LEAST_INTERVAL)
    with _told(state), sole_user(cosign_key), session.client() as client:
        own = _own_key(cosign_key)
        seeing = Sightings(client, log_key, own, state, time.time)
        _greet(seeing, state, log_key.name, own)
        with _stopping() as stop:
            follower = Follower(seeing, out, stop)
            if once:
                follower.once()
            else:
                follower.run(seconds, time.monotonic)


@contextmanager
def _told(state: Path) -> Iterator[None]:
    """Shout, and end with an exit code, when the log or the state is not what it has to be."""
    try:
        yield
    except ContradictionError as error:
        path = WitnessState(state).keep_evidence(*error.notes)
        note(f"NOT COSIGNED, {error.kind}: {error}; the evidence is in {path}")
        raise typer.Exit(NOT_VALID) from error
    except StateError as error:
        raise typer.BadParameter(str(error)) from error
    except OSError as error:
        raise typer.BadParameter(f"{error.filename or state}: {error.strerror}") from error


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Yield what SIGTERM and SIGINT set, so that no look ends half-way."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _own_key(path: Path) -> WitnessKey:
    if path.stat().st_mode & _OTHERS:
        raise typer.BadParameter(f"{path} can be read by others; chmod 600 {path}")
    try:
        return parse_witness_key(read_file(path, MAX_WITNESS_KEY).decode("utf-8", "replace"))
    except NoteError as error:
        raise typer.BadParameter(f"{path}: {error}") from error


def _greet(seeing: Sightings, state: Path, log: str, own: WitnessKey) -> None:
    note(f"witness {own.verifier} of {log}")
    known = dict(seeing.known())
    if not known:
        note(f"{state} is not there yet: whatever the daemon shows first is believed")
    for folder, checkpoint in known.items():
        where = "" if folder == FIRST else f" of {folder}"
        note(f"going on from {checkpoint.size} records{where}")
