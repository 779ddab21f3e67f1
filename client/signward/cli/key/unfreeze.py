"""``signward key unfreeze``."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.key.chosen import ChosenArgument, read_choice, show_ids
from signward.cli.key.options import LabelOption

__all__ = ["unfreeze"]


@connected
def unfreeze(
    session: Session,
    key_id: ChosenArgument = "",
    label: LabelOption = None,
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")] = "",
) -> None:
    """Let a frozen key, or all that have these labels, sign again; print their ids."""
    labels = read_choice(key_id, label)
    with session.client() as client:
        ids = client.admin.unfreeze_key(key_id, labels=labels, reason=reason)
    show_ids(session.output, ids)
