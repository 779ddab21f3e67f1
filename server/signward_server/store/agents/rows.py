"""Agents as rows, rows as agents again, and the statements on them.

The fields of a row are the columns of its table, in order. Every statement runs in its
caller's transaction; nothing here decides or checks a MAC.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, insert, update

from signward_server.core.agents import Agent
from signward_server.store.rows import from_epoch, since_epoch
from signward_server.store.schema import agents, as_stored, stamp

__all__ = [
    "AgentRow",
    "agent_from",
    "agent_row",
    "insert_agent",
    "read_all",
    "read_batch",
    "read_one",
    "read_requested",
    "set_macs",
    "update_agent",
]

_LIMIT: Final[Any] = bindparam("most")
_ALL: Final = as_stored(agents)
_SINCE: Final = _ALL.where(agents.c.changed > bindparam("known"))
_ONE: Final = _ALL.where(agents.c.address == bindparam("wanted"))
_REQUESTED: Final = _ALL.where(agents.c.scope == bindparam("wanted"))
_BATCH: Final = (
    _ALL.where(agents.c.address > bindparam("after")).order_by(agents.c.address).limit(_LIMIT)
)
_INSERT: Final = insert(agents).values(changed=stamp)
_SET_MAC: Final = (
    update(agents)
    .where(agents.c.address == bindparam("this"))
    .values(mac=bindparam("tag"), changed=stamp)
)


class AgentRow(NamedTuple):
    """A row of ``agents``."""

    address: str
    key_id: str
    account: str
    agent_key: str
    agent_version: int
    name: str
    network: str
    nonce: int
    approve_time: int
    expire_time: int | None
    end_time: int | None
    scope: bytes | None
    content: bytes
    mac: bytes = b""
    changed: int = 0


def agent_row(agent: Agent, scope: bytes | None, content: bytes) -> AgentRow:
    """Return the row of an agent, without its MAC.

    Args:
        agent: The agent.
        scope: What stands for the request that approved it, ``None`` for none.
        content: SHA-256 of what that asked for.
    """
    expires, ends = agent.expire_time, agent.end_time
    return AgentRow(
        address=agent.address,
        key_id=agent.key,
        account=agent.account,
        agent_key=agent.agent_key,
        agent_version=agent.agent_version,
        name=agent.name,
        network=agent.network,
        nonce=agent.nonce,
        approve_time=since_epoch(agent.approve_time),
        expire_time=None if expires is None else since_epoch(expires),
        end_time=None if ends is None else since_epoch(ends),
        scope=scope,
        content=content,
    )


def agent_from(row: AgentRow) -> Agent:
    """Return the agent of a row that carries the right MAC."""
    return Agent(
        address=row.address,
        key=row.key_id,
        account=row.account,
        agent_key=row.agent_key,
        agent_version=row.agent_version,
        name=row.name,
        network=row.network,
        nonce=row.nonce,
        approve_time=from_epoch(row.approve_time),
        expire_time=None if row.expire_time is None else from_epoch(row.expire_time),
        end_time=None if row.end_time is None else from_epoch(row.end_time),
    )


def read_all(connection: Connection, known: int | None = None) -> Iterator[AgentRow]:
    """Yield every row, or those that changed after a version of the store, as it is stored."""
    found = (
        connection.execute(_ALL) if known is None else connection.execute(_SINCE, {"known": known})
    )
    yield from map(AgentRow._make, found)


def read_batch(connection: Connection, wanted: dict[str, object]) -> list[AgentRow]:
    """Return ``most`` rows from behind the address ``after``, in order, as they are stored."""
    return list(map(AgentRow._make, connection.execute(_BATCH, wanted)))


def read_one(connection: Connection, address: str) -> AgentRow | None:
    """Return the row of an address, as it is stored; ``None`` if there is none."""
    row = connection.execute(_ONE, {"wanted": address}).first()
    return None if row is None else AgentRow._make(row)


def read_requested(connection: Connection, scope: bytes) -> AgentRow | None:
    """Return the row that a request has made, as it is stored; ``None`` if there is none."""
    row = connection.execute(_REQUESTED, {"wanted": scope}).first()
    return None if row is None else AgentRow._make(row)


def insert_agent(connection: Connection, row: AgentRow) -> None:
    """Insert an agent.

    Raises:
        sqlalchemy.exc.IntegrityError: The address or the scope is taken.
    """
    connection.execute(_INSERT, _values(row))


def update_agent(connection: Connection, row: AgentRow, old_mac: bytes) -> bool:
    """Write a changed row; return whether it still was what it was read as.

    Raises:
        sqlalchemy.exc.IntegrityError: The scope is taken.
    """
    ours = (agents.c.address == row.address, agents.c.mac == old_mac)
    values = {**_values(row), "changed": stamp}
    return connection.execute(update(agents).where(*ours).values(values)).rowcount == 1


def set_macs(connection: Connection, macs: list[dict[str, object]]) -> None:
    """Write new MACs: ``tag`` for each ``this``, an address."""
    if macs:
        connection.execute(_SET_MAC, macs)


def _values(row: AgentRow) -> dict[str, Any]:
    values = row._asdict()
    del values["changed"]  # the database says
    return values
