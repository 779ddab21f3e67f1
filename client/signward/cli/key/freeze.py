"""``signward key freeze``."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.key.chosen import ChosenArgument, read_choice, show_ids
from signward.cli.key.options import LabelOption
from signward.cli.names import FreezeName

__all__ = ["freeze"]


@connected
def freeze(
    session: Session,
    key_id: ChosenArgument = "",
    label: LabelOption = None,
    mode: Annotated[FreezeName, typer.Option(help="What they stop signing.")] = FreezeName.ALL,
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")] = "",
) -> None:
    """Stop a key, or all that have these labels, from signing; print their ids."""
    labels = read_choice(key_id, label)
    with session.client() as client:
        ids = client.admin.freeze_key(key_id, labels=labels, mode=mode.number, reason=reason)
    show_ids(session.output, ids)
