"""``signward key get``."""

from __future__ import annotations

from signward.cli.connection import Session, connected
from signward.cli.key.options import KeyArgument
from signward.cli.key.show import show_key

__all__ = ["get"]


@connected
def get(session: Session, key_id: KeyArgument) -> None:
    """Show a key and its versions."""
    with session.client() as client:
        key = client.get_key(key_id)
    show_key(session.output, key)
