"""Agents as messages."""

from __future__ import annotations

from signward.v1 import account_service_pb2 as pb

from signward_server.core.agents import Agent
from signward_server.rpc.convert.addresses import shown_address
from signward_server.rpc.convert.times import timestamp

__all__ = ["agent_message"]


def agent_message(agent: Agent) -> pb.Agent:
    """Return an agent as the API shows it."""
    message = pb.Agent(
        address=shown_address(agent.address),
        key=agent.key,
        account=shown_address(agent.account),
        agent_key=agent.agent_key,
        agent_version=agent.agent_version,
        agent_name=agent.name,
        network=agent.network,
        approve_time=timestamp(agent.approve_time),
    )
    if agent.expire_time is not None:
        message.expire_time.CopyFrom(timestamp(agent.expire_time))
    if agent.end_time is not None:
        message.end_time.CopyFrom(timestamp(agent.end_time))
    return message
