"""``signward agent approve``."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.agent.options import (
    AgentArgument,
    BodyOption,
    EndOption,
    MasterArgument,
    RequestIdOption,
    read_end,
)
from signward.cli.agent.show import show_approval
from signward.cli.connection import Session, connected

__all__ = ["approve"]


@connected
def approve(
    session: Session,
    master: MasterArgument,
    agent: AgentArgument,
    network: Annotated[str, typer.Option(help="mainnet or testnet, as both keys are pinned.")],
    name: Annotated[str, typer.Option(help="Its name on the exchange; default: none.")] = "",
    version: Annotated[int, typer.Option(min=0, help="Version of its key; 0: the newest.")] = 0,
    expires: EndOption = None,
    body: BodyOption = False,
    request_id: RequestIdOption = None,
) -> None:
    """Sign the approval of an agent; it counts when you have posted it."""
    end = read_end(expires)
    with session.client() as client:
        answer = client.accounts.approve_agent(
            master,
            agent,
            network=network,
            agent_name=name,
            agent_version=version,
            expires=end,
            request_id=request_id,
        )
    show_approval(session.output, answer, body_only=body)
