"""``signward agent rotate``."""

from __future__ import annotations

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
from signward.cli.failures import note

__all__ = ["rotate"]


@connected
def rotate(
    session: Session,
    master: MasterArgument,
    agent: AgentArgument,
    expires: EndOption = None,
    body: BodyOption = False,
    request_id: RequestIdOption = None,
) -> None:
    """Make a new key pair of an agent, and sign its approval under the agent's name."""
    end = read_end(expires)
    with session.client() as client:
        answer = client.accounts.rotate_agent(master, agent, expires=end, request_id=request_id)
    show_approval(session.output, answer, body_only=body)
    note(f"once posted, run 'signward key activate {agent} {answer.agent.agent_version}'")
