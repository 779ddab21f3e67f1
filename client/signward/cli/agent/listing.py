"""``signward agent list``."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from signward.cli.agent.options import MasterArgument
from signward.cli.agent.show import state_of
from signward.cli.connection import Session, connected
from signward.v1.account_service_pb2 import Agent

__all__ = ["list_agents"]

_HEADER = ("ADDRESS", "NAME", "STATE", "KEY", "VERSION", "APPROVED", "EXPIRES")


def _states(agents: Iterable[Agent]) -> Iterator[str]:
    """Yield what each is; newest first, so that a name belongs to the first that has it."""
    taken: set[tuple[str, str, str]] = set()
    for agent in agents:
        name, state = (agent.account, agent.network, agent.agent_name), state_of(agent)
        yield "replaced" if state == "approved" and name in taken else state
        taken.add(name)


def _row(agent: Agent, state: str) -> tuple[str, ...]:
    return (
        agent.address,
        agent.agent_name,
        state,
        agent.agent_key,
        str(agent.agent_version),
        agent.approve_time.ToJsonString(),
        agent.expire_time.ToJsonString() if agent.HasField("expire_time") else "",
    )


@connected
def list_agents(
    session: Session,
    master: MasterArgument,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
) -> None:
    """List the agents of an account, newest first, those that have ended included."""
    with session.client() as client:
        found = client.accounts.list_agents(master, page_size=min(limit, 500))
        agents = list(itertools.islice(found, limit))
    if session.output.as_json:
        session.output.json(agents)
    else:
        session.output.table(_HEADER, list(map(_row, agents, _states(agents))))
