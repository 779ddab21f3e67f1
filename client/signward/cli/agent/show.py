"""An agent and its approval as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from signward.cli.output import Output
from signward.v1.account_service_pb2 import Agent, ApproveAgentResponse, RotateAgentResponse

__all__ = ["show_agent", "show_approval", "state_of"]


def show_approval(
    output: Output, answer: ApproveAgentResponse | RotateAgentResponse, *, body_only: bool
) -> None:
    """Print an agent with what is to be posted, or the latter alone."""
    if body_only:
        output.line(answer.signature.post_body.decode())
    elif output.as_json:
        output.json(answer)
    else:
        body = {"post to /exchange": answer.signature.post_body.decode()}
        output.pairs(_rows(answer.agent) | body)


def show_agent(output: Output, agent: Agent) -> None:
    """Print an agent, as JSON or as names and values."""
    if output.as_json:
        output.json(agent)
    else:
        output.pairs(_rows(agent))


def state_of(agent: Agent) -> str:
    """Return whether an agent is approved, expired by the clock of this machine, or ended."""
    if agent.HasField("end_time"):
        return "ended"
    if agent.HasField("expire_time") and agent.expire_time.ToDatetime(UTC) <= datetime.now(UTC):
        return "expired"
    return "approved"


def _rows(agent: Agent) -> dict[str, str]:
    expires, ended = agent.HasField("expire_time"), agent.HasField("end_time")
    return {
        "address": agent.address,
        "name": agent.agent_name,
        "state": state_of(agent),
        "key": f"{agent.agent_key} version {agent.agent_version}",
        "account": agent.account,
        "account's key": agent.key,
        "network": agent.network,
        "approved": agent.approve_time.ToJsonString(),
        "expires": agent.expire_time.ToJsonString() if expires else "",
        "ended": agent.end_time.ToJsonString() if ended else "",
    }
