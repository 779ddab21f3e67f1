"""``signward key disable``."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.key.options import KeyArgument
from signward.cli.key.show import show_key

__all__ = ["disable"]


@connected
def disable(
    session: Session,
    key_id: KeyArgument,
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")] = "",
) -> None:
    """Stop a key from signing."""
    with session.client() as client:
        key = client.disable_key(key_id, reason=reason)
    show_key(session.output, key)
