"""``signward key update``."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.durations import read_duration
from signward.cli.key.options import KeyArgument, LabelOption, RotationOption, read_labels
from signward.cli.key.show import show_key

__all__ = ["update"]


class Resettable(enum.StrEnum):
    """What can be set back."""

    LABELS = "labels"
    UNLOCK_TTL = "unlock-ttl"
    GRACE_PERIOD = "grace-period"
    ROTATION_PERIOD = "rotation-period"


@connected
def update(
    session: Session,
    key_id: KeyArgument,
    label: LabelOption = None,
    owner: Annotated[str | None, typer.Option(help="New owner.")] = None,
    unlock_ttl: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long it stays unlocked, as 30s.")
    ] = None,
    grace_period: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long old versions sign, as 30d.")
    ] = None,
    rotation_period: RotationOption = None,
    reset: Annotated[
        list[Resettable] | None, typer.Option(help="Set back: no labels, the daemon's default.")
    ] = None,
    etag: Annotated[str, typer.Option(help="Refuse if the key changed since it was read.")] = "",
) -> None:
    """Change what is given; labels replace all that there are."""
    labels = read_labels(label)
    unlock, grace = read_duration(unlock_ttl), read_duration(grace_period)
    rotation = read_duration(rotation_period)
    names = [field.value.replace("-", "_") for field in reset or []]
    if not names and all(each is None for each in (labels, owner, unlock, grace, rotation)):
        raise typer.BadParameter("nothing to change; give --label, --owner, ... or --reset")
    with session.client() as client:
        key = client.update_key(
            key_id,
            labels=labels,
            owner=owner,
            unlock_ttl=unlock,
            grace_period=grace,
            rotation_period=rotation,
            reset=names,
            etag=etag,
        )
    show_key(session.output, key)
