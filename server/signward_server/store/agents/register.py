"""All agents in memory, written through to the database (``docs/adr/0019-agents.md``).

Readers take no lock: what they see are immutable snapshots in dictionaries. Writers queue
behind one lock, and memory changes only after the database has committed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from signward_server.core.agents import Agent
from signward_server.core.errors import (
    EnvelopeCorrupt,
    EtagMismatch,
    RequestIdReused,
    StoreUnavailable,
)
from signward_server.core.ports import RequestScope
from signward_server.store.agents import rows
from signward_server.store.agents.authentic import AuthenticAgents
from signward_server.store.agents.memory import AgentMemory
from signward_server.store.agents.rows import AgentRow, agent_from
from signward_server.store.canonical import scope_digest
from signward_server.store.failures import unavailable
from signward_server.store.version import StoreVersion
from signward_server.store.writing import Writing

__all__ = ["StoredAgents"]


class StoredAgents:
    """Implements ``core.ports.AgentRegister``.

    Agents whose rows are not as the daemon wrote them are neither shown nor approved again.

    Args:
        snapshots: Engine whose transactions read everything as it was at one moment.
        version: Counts changes.
        writing: Lock of all changes of this process.
        authentic: Checks rows that are read and tags those that are written.
        settle: Returns when no other process acts on an older version of the store than this,
            or than the newest if this is ``None``.

    Raises:
        StoreUnavailable: The rows cannot be read.
    """

    def __init__(
        self,
        snapshots: Engine,
        version: StoreVersion,
        writing: Writing,
        authentic: AuthenticAgents,
        settle: Callable[[int | None], None],
    ) -> None:
        self._snapshots = snapshots
        self._version = version
        self._writing = writing
        self._authentic = authentic
        self._settle = settle
        self._closed = False
        self._memory = AgentMemory()
        self._quarantined: frozenset[str] = frozenset()
        with unavailable(), snapshots.begin() as connection:
            self.refresh(connection, None)

    @property
    def quarantined(self) -> frozenset[str]:
        """Addresses of those whose rows fail their MAC."""
        return self._quarantined

    def get(self, address: str) -> Agent | None:
        """See ``core.ports.AgentRegister.get``."""
        if address in self._quarantined:
            raise EnvelopeCorrupt
        return self._memory.get(address)

    def of_version(self, key_id: str, version: int) -> Agent | None:
        """See ``core.ports.AgentRegister.of_version``."""
        return self._memory.of_version(key_id, version)

    def of_name(self, account: str, network: str, name: str) -> Agent | None:
        """See ``core.ports.AgentRegister.of_name``."""
        return self._memory.of_name(account, network, name)

    def page(self, key: str, before: str, limit: int) -> Sequence[Agent]:
        """See ``core.ports.AgentRegister.page``."""
        return self._memory.page(key, before, limit)

    def is_requested(self, address: str) -> bool:
        """See ``core.ports.AgentRegister.is_requested``."""
        return self._memory.is_requested(address)

    def approved_by(self, scope: RequestScope, content: bytes) -> Agent | None:
        """See ``core.ports.AgentRegister.approved_by``."""
        with unavailable(), self._snapshots.begin() as connection:
            row = rows.read_requested(connection, scope_digest(scope))
        if row is None:
            return None
        agent = self._authentic.authentic(row)
        if agent is None or agent.key != scope.key:
            raise EnvelopeCorrupt
        if row.content != content:
            raise RequestIdReused
        return agent

    def put(self, agent: Agent, scope: RequestScope | None = None, content: bytes = b"") -> Agent:
        """See ``core.ports.AgentRegister.put``."""
        digest = None if scope is None else scope_digest(scope)
        with self._writing, unavailable():
            if self._closed:
                raise StoreUnavailable
            try:
                with self._version.change() as connection:
                    row = self._write(connection, agent, digest, content)
            except IntegrityError as exc:
                raise RequestIdReused from exc
            self._publish(row)
            version = self._version.follow()
        self._settle(version)
        return agent_from(row)

    def refresh(self, connection: Connection, known: int | None) -> None:
        """Take over what is stored; for whoever holds the lock of all changes.

        Args:
            connection: In a transaction that reads all of it as it was at one moment.
            known: The version of the store after which it changed; ``None`` for everything.
        """
        stored, bad = self._authentic.read(connection, known)
        if known is None:
            self._memory = AgentMemory(stored)
            self._quarantined = bad
            return
        for row in stored:
            self._publish(row)
        self._quarantined = self._quarantined | bad

    def close(self) -> None:
        """Wait for the write under way; nothing can be written afterwards."""
        with self._writing:
            self._closed = True

    def _write(
        self, connection: Connection, agent: Agent, scope: bytes | None, content: bytes
    ) -> AgentRow:
        """Write an agent, and return its row; what the store knows of it stays true."""
        stored = rows.read_one(connection, agent.address)
        if stored is None:
            row = self._authentic.row(agent, scope, content)
            rows.insert_agent(connection, row)
            return row
        known = self._authentic.authentic(stored)
        if known is None:
            raise EnvelopeCorrupt
        if known.account != agent.account:
            raise EtagMismatch
        for earlier in (known, self._memory.get(agent.address)):
            if earlier is not None and earlier.end_time is not None:
                agent = dataclasses.replace(agent, end_time=earlier.end_time)
        if stored.scope is not None:
            if scope not in (None, stored.scope):
                raise EtagMismatch
            scope, content = stored.scope, stored.content
        row = self._authentic.row(agent, scope, content)
        if not rows.update_agent(connection, row, stored.mac):
            raise EtagMismatch
        return row

    def _publish(self, row: AgentRow) -> None:
        known = self._memory.get(row.address)
        if known is not None and known.end_time is not None and row.end_time is None:
            return  # nothing brings one back that was ended (S13)
        self._memory.publish(row)
        self._quarantined = self._quarantined - {row.address}
