"""The statements on request ids, in SQL that SQLite (from 3.35) and PostgreSQL share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, Engine, text

from signward_server.core.ports import RequestScope
from signward_server.store.canonical import scope_digest
from signward_server.store.claims import ClaimRow, StoredClaim
from signward_server.store.driver import DriverSession, DriverStatement

__all__ = [
    "NUMBERED_LONGER",
    "ClaimRows",
    "CreationRow",
    "find_creation",
    "insert_creation",
    "live_claims",
    "newest_claim",
]

NUMBERED_LONGER = 2 * 24 * 3600 * 1_000_000
"""Microseconds that a claim with a nonce is kept beyond the retention.

For so long the exchange takes a nonce (``core.ports.Nonces``): a retry that got another one
would be another order.
"""


class CreationRow(NamedTuple):
    """What a request made: a key, or a version of one in the place of a previous one."""

    content: bytes
    key_id: str
    version: int
    previous: int | None


# Only a row that is new comes back: of two processes that claim at once, one knows.
_INSERT = text(
    "INSERT INTO requests (scope, identity, content, version, claim_time, nonce, mac)"
    " VALUES (:scope, :identity, :content, :version, :time, :nonce, :mac)"
    " ON CONFLICT (scope) DO NOTHING RETURNING version"
)
_RENEW = text(
    "UPDATE requests SET content = :content, version = :version, claim_time = :time,"
    " nonce = :nonce, mac = :mac"
    " WHERE scope = :scope AND claim_time = :old_time RETURNING version"
)
_FIND = text(
    "SELECT identity, content, version, claim_time, key_id, previous, nonce, mac FROM requests"
    " WHERE scope = :scope"
)
_PURGE = (
    "DELETE FROM requests WHERE scope IN (SELECT scope FROM requests"
    " WHERE claim_time <= :cutoff ORDER BY claim_time LIMIT :most {picked})"
)
_NEWEST = text(
    "SELECT max(CASE WHEN nonce IS NULL THEN claim_time ELSE claim_time - :longer END)"
    " FROM requests WHERE claim_time IS NOT NULL"
)
_LIVE = text(
    "SELECT identity, claim_time / :step AS bucket, count(*) FROM requests"
    " WHERE claim_time > :cutoff GROUP BY identity, bucket ORDER BY bucket"
)
_LIVE_OF_ONE = text(
    "SELECT claim_time / :step AS bucket, count(*) FROM requests"
    " WHERE claim_time > :cutoff AND identity = :identity GROUP BY bucket ORDER BY bucket"
)
_INSERT_CREATION = text(
    "INSERT INTO requests (scope, identity, content, version, key_id, previous)"
    " VALUES (:scope, :identity, :content, :version, :key_id, :previous)"
)
_FIND_CREATION = text(
    "SELECT content, key_id, version, previous FROM requests"
    " WHERE scope = :scope AND key_id IS NOT NULL"
)


class ClaimRows:
    """The statements that a signature waits for, on a connection of their own.

    Args:
        engine: Its statements commit by themselves.
        picked: See ``Backend.picked``.
    """

    def __init__(self, engine: Engine, picked: str = "") -> None:
        self._session = DriverSession(engine, repeats=False)
        self._insert = DriverStatement(engine, _INSERT)
        self._renew = DriverStatement(engine, _RENEW)
        self._find = DriverStatement(engine, _FIND)
        self._purge = DriverStatement(engine, text(_PURGE.format(picked=picked)))
        self._live = DriverStatement(engine, _LIVE_OF_ONE)

    def insert(self, scope: bytes, identity: str, claim: ClaimRow, mac: bytes) -> bool:
        """Insert a claim, unless its scope is taken; return whether it was not."""
        row = self._session.first(
            self._insert,
            {
                "scope": scope,
                "identity": identity,
                "content": claim.content,
                "version": claim.version,
                "time": claim.time,
                "nonce": claim.nonce,
                "mac": mac,
            },
        )
        return row is not None

    def renew(self, scope: bytes, old: ClaimRow, new: ClaimRow, mac: bytes) -> bool:
        """Put a claim in the place of an old one; return whether that was still there."""
        row = self._session.first(
            self._renew,
            {
                "scope": scope,
                "content": new.content,
                "version": new.version,
                "time": new.time,
                "nonce": new.nonce,
                "mac": mac,
                "old_time": old.time,
            },
        )
        return row is not None

    def find(self, scope: bytes) -> StoredClaim | None:
        """Return the row of a scope as it is stored, ``None`` if there is none."""
        row = self._session.first(self._find, {"scope": scope})
        return None if row is None else StoredClaim._make(row)

    def live(self, identity: str, cutoff: int, step: int) -> list[tuple[int, int]]:
        """Return number of the time step and count of an identity's claims after ``cutoff``."""
        wanted = {"identity": identity, "cutoff": cutoff, "step": step}
        return [(row[0], row[1]) for row in self._session.all(self._live, wanted)]

    def purge(self, cutoff: int, most: int) -> None:
        """Delete the oldest claims made at ``cutoff`` or before, a limited number of them."""
        self._session.first(self._purge, {"cutoff": cutoff, "most": most})

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()


def newest_claim(connection: Connection) -> int:
    """Return the time of the newest claim, 0 if there is none."""
    return connection.execute(_NEWEST, {"longer": NUMBERED_LONGER}).scalar() or 0


def live_claims(connection: Connection, cutoff: int, step: int) -> Iterator[tuple[str, int, int]]:
    """Yield identity, number of the time step and count of the claims made after ``cutoff``."""
    for row in connection.execute(_LIVE, {"cutoff": cutoff, "step": step}):
        yield row[0], row[1], row[2]


def insert_creation(
    connection: Connection,
    scope: RequestScope,
    content: bytes,
    key_id: str,
    version: int = 0,
    previous: int | None = None,
) -> None:
    """Remember which key, or which version of one, a request made, for as long as the key.

    Raises:
        sqlalchemy.exc.IntegrityError: The scope was used before.
    """
    connection.execute(
        _INSERT_CREATION,
        {
            "scope": scope_digest(scope),
            "identity": scope.identity,
            "content": content,
            "version": version,
            "key_id": key_id,
            "previous": previous,
        },
    )


def find_creation(connection: Connection, scope: RequestScope) -> CreationRow | None:
    """Return what a request made, ``None`` if it made nothing."""
    row = connection.execute(_FIND_CREATION, {"scope": scope_digest(scope)}).first()
    return None if row is None else CreationRow._make(row)
