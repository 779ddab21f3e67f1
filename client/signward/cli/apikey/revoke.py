"""``signward apikey revoke``."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.apikey.show import show_api_key
from signward.cli.connection import Session, connected

__all__ = ["revoke"]


@connected
def revoke(
    session: Session,
    api_key_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the API key, ak_...")],
) -> None:
    """Revoke an API key for good; returns when it is refused everywhere."""
    with session.client() as client:
        key = client.admin.revoke_api_key(api_key_id)
    show_api_key(session.output, key)
