"""The statements on request ids, in SQL that SQLite (from 3.35) and PostgreSQL share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from signward_server.core.ports import RequestScope
from signward_server.store.canonical import scope_digest

__all__ = [
    "Claim",
    "find",
    "find_creation",
    "insert_creation",
    "insert_or_find",
    "live_claims",
    "newest_claim",
    "purge",
    "renew",
]


@dataclass(frozen=True, slots=True)
class Claim:
    """A remembered request.

    Attributes:
        content: SHA-256 of what was asked for.
        version: Key version that it resolved to at first use.
        time: When that was, in microseconds.
    """

    content: bytes
    version: int
    time: int


# On a conflict something must be written for the row to be returned.
_INSERT_OR_FIND = text(
    "INSERT INTO requests (scope, identity, content, version, claim_time)"
    " VALUES (:scope, :identity, :content, :version, :time)"
    " ON CONFLICT (scope) DO UPDATE SET version = requests.version"
    " RETURNING content, version, claim_time"
)
_RENEW = text(
    "UPDATE requests SET content = :content, version = :version, claim_time = :time"
    " WHERE scope = :scope AND claim_time = :old_time"
)
_FIND = text("SELECT content, version, claim_time FROM requests WHERE scope = :scope")
_PURGE = text(
    "DELETE FROM requests WHERE scope IN (SELECT scope FROM requests"
    " WHERE claim_time <= :cutoff ORDER BY claim_time LIMIT :limit)"
)
_NEWEST = text("SELECT max(claim_time) FROM requests WHERE claim_time IS NOT NULL")
_LIVE = text(
    "SELECT identity, claim_time / :step AS bucket, count(*) FROM requests"
    " WHERE claim_time > :cutoff GROUP BY identity, bucket ORDER BY bucket"
)
_INSERT_CREATION = text(
    "INSERT INTO requests (scope, identity, content, version, key_id)"
    " VALUES (:scope, :identity, :content, :version, :key_id)"
)
_FIND_CREATION = text(
    "SELECT content, key_id FROM requests WHERE scope = :scope AND key_id IS NOT NULL"
)


def insert_or_find(connection: Connection, scope: bytes, identity: str, claim: Claim) -> Claim:
    """Insert a claim, or return the one that has the scope already."""
    row = connection.execute(
        _INSERT_OR_FIND,
        {
            "scope": scope,
            "identity": identity,
            "content": claim.content,
            "version": claim.version,
            "time": claim.time,
        },
    ).one()
    return Claim(*row)


def renew(connection: Connection, scope: bytes, old: Claim, new: Claim) -> None:
    """Put a claim in the place of one whose retention is over."""
    connection.execute(
        _RENEW,
        {
            "scope": scope,
            "content": new.content,
            "version": new.version,
            "time": new.time,
            "old_time": old.time,
        },
    )


def find(connection: Connection, scope: bytes) -> Claim | None:
    """Return the claim of a scope, ``None`` if there is none."""
    row = connection.execute(_FIND, {"scope": scope}).first()
    return None if row is None else Claim(*row)


def purge(connection: Connection, cutoff: int, limit: int) -> None:
    """Delete up to ``limit`` claims that were made at ``cutoff`` or before, oldest first."""
    connection.execute(_PURGE, {"cutoff": cutoff, "limit": limit})


def newest_claim(connection: Connection) -> int | None:
    """Return the time of the newest claim, ``None`` if there is none."""
    return connection.execute(_NEWEST).scalar()


def live_claims(connection: Connection, cutoff: int, step: int) -> Iterator[tuple[str, int, int]]:
    """Yield identity, number of the time step and count of the claims made after ``cutoff``."""
    rows = connection.execute(_LIVE, {"cutoff": cutoff, "step": step})
    yield from rows.tuples()


def insert_creation(
    connection: Connection, scope: RequestScope, content: bytes, key_id: str
) -> None:
    """Remember which key a request made, for as long as there is the key."""
    connection.execute(
        _INSERT_CREATION,
        {
            "scope": scope_digest(scope),
            "identity": scope.identity,
            "content": content,
            "version": 0,
            "key_id": key_id,
        },
    )


def find_creation(connection: Connection, scope: RequestScope) -> tuple[bytes, str] | None:
    """Return content and key id of the request that made a key, ``None`` if there is none."""
    row = connection.execute(_FIND_CREATION, {"scope": scope_digest(scope)}).first()
    return None if row is None else (row[0], row[1])
