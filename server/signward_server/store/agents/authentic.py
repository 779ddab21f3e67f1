"""Agents and rows, by way of the MAC (S17)."""

from __future__ import annotations

import logging
import struct

from sqlalchemy import Connection

from signward_server.core.agents import Agent
from signward_server.core.ports import RowAuthenticator
from signward_server.store.agents import rows
from signward_server.store.agents.rows import AgentRow, agent_from, agent_row

__all__ = ["AuthenticAgents", "agent_mac_input"]

_log = logging.getLogger(__name__)

_DOMAIN = b"signward.store.agent.v1\0"
_head = struct.Struct(">3q?q?q?8I").pack


def agent_mac_input(row: AgentRow) -> bytes:
    """Return what the MAC of an agent covers: all columns but the MAC and ``changed``.

    Raises:
        ValueError: A text is not valid Unicode.
        TypeError: A value is of another type than its column.
        AttributeError: Likewise.
        struct.error: Likewise, or a number does not fit.
    """
    texts = [
        text.encode()
        for text in (row.address, row.key_id, row.account, row.agent_key, row.name, row.network)
    ]
    scope = b"" if row.scope is None else row.scope
    head = _head(
        row.agent_version,
        row.nonce,
        row.approve_time,
        row.expire_time is not None,
        0 if row.expire_time is None else row.expire_time,
        row.end_time is not None,
        0 if row.end_time is None else row.end_time,
        row.scope is not None,
        *map(len, texts),
        len(scope),
        len(row.content),
    )
    return b"".join((_DOMAIN, head, *texts, scope, row.content))


class AuthenticAgents:
    """Makes rows with a MAC, and agents of none but rows with the right one.

    Args:
        authenticator: Makes and checks the MACs.
    """

    def __init__(self, authenticator: RowAuthenticator) -> None:
        self._authenticator = authenticator

    def row(self, agent: Agent, scope: bytes | None, content: bytes) -> AgentRow:
        """Return an agent's row with its MAC."""
        return self.tagged(agent_row(agent, scope, content))

    def tagged(self, row: AgentRow) -> AgentRow:
        """Return a row with its MAC."""
        return row._replace(mac=self._authenticator.tag(agent_mac_input(row)))

    def read(
        self, connection: Connection, known: int | None = None
    ) -> tuple[list[AgentRow], frozenset[str]]:
        """Return rows, and the addresses of those that are not as they were written.

        Args:
            connection: To the database.
            known: The version of the store after which they changed; ``None`` for all.
        """
        good: list[AgentRow] = []
        bad: set[str] = set()
        for row in rows.read_all(connection, known):
            if self.authentic(row) is None:
                bad.add(str(row.address))
            else:
                good.append(row)
        if bad:
            _log.error("agents fail their MAC and are not approved again: %d", len(bad))
        return good, frozenset(bad)

    def authentic(self, row: AgentRow) -> Agent | None:
        """Return the agent of a row, ``None`` if the row is not as it was written."""
        try:
            genuine = self._authenticator.matches(agent_mac_input(row), row.mac)
            return agent_from(row) if genuine else None
        except (ValueError, TypeError, AttributeError, OverflowError, struct.error):
            return None  # a value of another type than its column, which was never written
