"""``signward agent expire``."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.agent.options import MasterArgument
from signward.cli.agent.show import show_agent
from signward.cli.connection import Session, connected

__all__ = ["expire"]


@connected
def expire(
    session: Session,
    master: MasterArgument,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The agent's address, 0x...")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
) -> None:
    """End an agent for good; returns when nothing signs with it any more."""
    with session.client() as client:
        agent = client.accounts.expire_agent(master, address, reason=reason)
    show_agent(session.output, agent)
