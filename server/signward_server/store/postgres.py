"""A store in a PostgreSQL database (``docs/adr/0012-postgresql.md``).

Whoever changes keys or API keys takes the row of the store's version first, and so the one
lock of all changes; request ids are claimed beside that. Nothing waits for longer than its
engine's patience, whether the server is slow, silent, or behind a network that is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import psycopg
from sqlalchemy import Connection, Engine, TextClause, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from signward_server.core.errors import StoreUnavailable
from signward_server.store.address import StoreAddress
from signward_server.store.advisory_turn import AdvisoryTurn
from signward_server.store.driver import DriverSession, DriverStatement
from signward_server.store.failures import StoreFileError
from signward_server.store.listening import CHANNEL, Listening
from signward_server.store.postgres_connection import PatientConnection, Terms

__all__ = ["PostgresDatabase"]

_DURABLE = Terms(
    5.0,
    {
        "statement_timeout": "4s",
        "lock_timeout": "3s",
        # Whoever hangs with the lock of all changes loses it.
        "idle_in_transaction_session_timeout": "5s",
    },
)
_SWIFT = Terms(2.0, {"statement_timeout": "1500ms", "synchronous_commit": "off"})
_FIRM = Terms(2.0, {"statement_timeout": "1500ms"})
_PROBING = Terms(0.75, {"statement_timeout": "500ms", "synchronous_commit": "off"})
_PATIENT = Terms(None, {})
_POOL_SIZE = 4
_POOL_PATIENCE_S = 5.0
_OLDEST = 140_000  # PostgreSQL 14
_OURS = {"alembic_version", "meta", "key_versions", "materials"}
_MIGRATING = 0x5357524400000002  # of the advisory locks that all of a database share

_ABOUT = text(
    "SELECT current_setting('server_encoding'), current_setting('server_version_num')::int,"
    " pg_is_in_recovery(), current_setting('synchronous_commit')"
)
_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
_LINEAGE = text(
    "SELECT system_identifier, pg_database.oid, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
    " FROM pg_control_system(), pg_database WHERE datname = current_database()"
)
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:key)")


class PostgresDatabase:
    """Implements ``Backend``.

    Args:
        address: Where it is.
    """

    one_writer = False
    announce: TextClause | None = text("SELECT pg_notify(:channel, '')").bindparams(channel=CHANNEL)
    picked = "FOR UPDATE SKIP LOCKED"
    time: TextClause | None = text("SELECT extract(epoch FROM clock_timestamp())")

    def __init__(self, address: StoreAddress) -> None:
        self._address = address
        self.place = str(address)
        self.durable = self._engine(_DURABLE, "READ COMMITTED")
        self.snapshots: Engine = self.durable.execution_options(isolation_level="REPEATABLE READ")
        self.swift = self._engine(_SWIFT, "AUTOCOMMIT")
        self.firm = self._engine(_FIRM, "AUTOCOMMIT")
        self.probing = self._engine(_PROBING, "AUTOCOMMIT")
        self.migrating = self._engine(_PATIENT, "READ COMMITTED", pooled=False)
        self._session = DriverSession(self.probing)
        self._lineage = DriverStatement(self.probing, _LINEAGE)

        @event.listens_for(self.migrating, "begin")
        def take_turns(connection: Connection) -> None:
            connection.execute(_TAKE_TURN, {"key": _MIGRATING})

    def prepare(self) -> None:
        """See ``Backend.prepare``."""
        try:
            with self.durable.connect() as connection:
                encoding, version, follows, commits = connection.execute(_ABOUT).one()
                tables = set(connection.execute(_TABLES).scalars())
        except (DBAPIError, psycopg.Error) as exc:
            raise self._refused(
                "cannot be reached or read; check store.url, the role and the server's log"
            ) from exc
        if encoding != "UTF8":
            raise self._refused("is not encoded in UTF8; make one that is")
        if version < _OLDEST:
            raise self._refused("is on a server older than PostgreSQL 14")
        if follows:
            raise self._refused("follows another server and takes no changes; name that one")
        if commits == "off":
            raise self._refused("may forget what was committed; set synchronous_commit to on")
        if tables and not tables >= _OURS:
            raise self._refused("holds other tables; name a database or schema of its own")

    def lineage(self) -> object:
        """See ``Backend.lineage``."""
        found = self._session.first(self._lineage, {})
        if found is None:
            raise StoreUnavailable
        return found

    def news(self, heard: Callable[[], None]) -> Listening:
        """See ``Backend.news``: the server tells."""
        return Listening(partial(self._connect, _PROBING, autocommit=True), heard)

    def turn(self) -> AdvisoryTurn:
        """See ``Backend.turn``: a lock of a session."""
        return AdvisoryTurn(self.probing)

    def wipe(self) -> bool:
        """See ``Backend.wipe``: what the server keeps of deleted rows is out of reach."""
        return True

    def close(self) -> None:
        """See ``Backend.close``."""
        self._session.close()
        for engine in (self.probing, self.firm, self.swift, self.durable, self.migrating):
            engine.dispose()

    def _engine(
        self,
        terms: Terms,
        isolation_level: Literal["AUTOCOMMIT", "READ COMMITTED"],
        *,
        pooled: bool = True,
    ) -> Engine:
        pool = {"pool_size": _POOL_SIZE, "pool_timeout": _POOL_PATIENCE_S} if pooled else {}
        return create_engine(
            "postgresql+psycopg://",
            creator=partial(self._connect, terms),
            poolclass=QueuePool if pooled else NullPool,
            pool_pre_ping=True,
            isolation_level=isolation_level,
            use_native_hstore=False,
            **pool,
        )

    def _connect(self, terms: Terms, *, autocommit: bool = False) -> PatientConnection:
        return PatientConnection.open(self._address, terms, autocommit=autocommit)

    def _refused(self, text: str) -> StoreFileError:
        return StoreFileError(f"the store {self.place} {text}")
