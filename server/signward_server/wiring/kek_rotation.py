"""Takes a home from one KEK to another (S22); whatever was interrupted goes on where it was."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from signward_server.config import Settings
from signward_server.core.ports import Clock
from signward_server.core.startup import CustodyRefused
from signward_server.custody.envelope import KekRowAuthenticator, Rewrapping, sealing_kek
from signward_server.home.kek_places import KekKind, KekPlace, Plan, place_of
from signward_server.home.kek_switching import retire_needed, switch
from signward_server.store import Moving, RekeyingState, move_claims, move_spending
from signward_server.wiring.rotation_beginning import begin
from signward_server.wiring.rotation_parts import (
    Keks,
    RotationAccess,
    RotationParts,
    keks_of,
    open_parts,
    rekey_instance,
)

__all__ = ["Rotated", "Wanted", "rotate_kek"]

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for.

    Attributes:
        kind: Where the new KEK is to come from, ``None`` for the same as before.
        credential: Name of a new credential.
        anew: Whether to leave what is damaged behind and to begin another rotation.
    """

    kind: KekKind | None = None
    credential: str = ""
    anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What came of it.

    Attributes:
        old: Id of the old KEK, 16 bytes.
        new: Id of the new KEK, 16 bytes.
        place: Where the new one is.
        aside: Where the old one is now, ``None`` if that is a credential.
        damaged: Ids of the keys, API keys and agents, and names of other rows, that are damaged,
            and were left as they are.
        named: How many sealed private halves name another KEK than the new one still.
    """

    old: bytes
    new: bytes
    place: KekPlace
    aside: Path | None
    damaged: tuple[str, ...]
    named: int


def rotate_kek(
    settings: Settings,
    home: Path,
    configuration: Path,
    wanted: Wanted,
    access: RotationAccess,
    clock: Clock,
    progress: Progress,
) -> Rotated:
    """Rotate, or go on with a rotation that was interrupted.

    Args:
        settings: The configuration.
        home: Its folder; the caller holds its locks.
        configuration: The file that the settings are from.
        wanted: What is asked for.
        access: How this process comes to both KEKs.
        clock: Time.
        progress: Is told how many rows of how many are done.

    Raises:
        StartupFailed: It cannot go on; says what to do. What is done is done.
        StoreUnavailable: The store failed; what is done is done.
    """
    with ExitStack() as opened, _written():
        parts = open_parts(settings, home, clock, opened)
        state, plan = parts.rekeying.state(), parts.plan.read()
        if state is not None and state.stage == "left" and wanted.anew:
            _give_up(parts)
            state = None
        damaged: tuple[str, ...] = ()
        if state is None:
            keks, plan = begin(parts, configuration, wanted.kind, wanted.credential, access, opened)
            state = RekeyingState(keks.old.kek_id, keks.new.kek_id, "moving")
            damaged = _move(parts, keks, progress)
        elif state.stage != "moved" and plan is not None:
            damaged = _move(parts, keks_of(parts, state, plan, access, opened), progress)
        elif state.stage == "moving":
            raise CustodyRefused(
                f"{parts.plan.path} is not there, which says where both KEKs are",
                "put it back as it was when the rotation was interrupted",
            )
        return _end(parts, configuration, state, plan, damaged)


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise CustodyRefused(
            f"{exc.filename or 'the home'} cannot be written ({os.strerror(exc.errno or 0)})",
            "correct this and run `signward kek rotate` again",
        ) from exc


def _give_up(parts: RotationParts) -> None:
    """Leave for good what is damaged; its KEK stays where it is."""
    parts.plan.forget()
    with parts.rekeying.changing() as connection:
        parts.rekeying.end(connection)


def _move(parts: RotationParts, keks: Keks, progress: Progress) -> tuple[str, ...]:
    """Move every row; return the ids of those that are damaged."""
    rewrapping = Rewrapping(parts.native.sodium, parts.memory, keks.old, keks.new)
    old, new = KekRowAuthenticator(keks.old), KekRowAuthenticator(keks.new)
    moving = Moving(parts.rekeying, old, new, rewrapping.rewrapped)
    spending = move_spending(parts.rekeying, old, new)
    claims = move_claims(parts.rekeying, old, new)
    total, done = parts.rekeying.count(), 0
    damaged: list[str] = []
    for batches in (moving.keys(), moving.api_keys(), moving.agents(), spending, claims):
        for batch in batches:
            done += batch.seen
            damaged += batch.left
            progress(done, total)
    rekey_instance(parts, keks)
    return tuple(damaged)


def _end(
    parts: RotationParts,
    configuration: Path,
    state: RekeyingState,
    plan: Plan | None,
    damaged: tuple[str, ...],
) -> Rotated:
    """Put the new KEK into force, and retire the old one if no row names it (S22)."""
    rekeying = parts.rekeying
    if state.stage == "moving":
        with rekeying.changing() as connection:
            rekeying.reach(connection, replace(state, stage="moved"))
    aside = None
    with rekeying.changing() as connection:
        named = rekeying.tally_in(connection, sealing_kek).named[state.old]
        if plan is not None:
            parts.record(_facts(state, named, damaged))
            aside = _put_aside(state, plan, configuration, named)
        if named:
            rekeying.reach(connection, replace(state, stage="left"))
        else:
            parts.plan.forget()
            rekeying.end(connection)
    return Rotated(
        old=state.old,
        new=state.new,
        place=plan.target if plan else place_of(parts.settings.custody.envelope),
        aside=aside,
        damaged=damaged,
        named=named,
    )


def _put_aside(state: RekeyingState, plan: Plan, configuration: Path, named: int) -> Path | None:
    if state.stage != "left":
        return switch(plan, state.old, configuration, damaged=named > 0)
    if named:
        return plan.source.needed(state.old) if plan.source.is_file else None
    return retire_needed(plan.source, state.old)


def _facts(state: RekeyingState, named: int, damaged: Sequence[str]) -> dict[str, str | int]:
    return {
        "step": "left" if named else "completed",
        "old": state.old.hex(),
        "new": state.new.hex(),
        "damaged": len(damaged),
    }
