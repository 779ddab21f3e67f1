"""API keys as rows, rows as API keys again, and the statements on them.

The fields of a row are the columns of its table, in order. Every statement runs in its
caller's transaction; nothing here decides or checks a MAC.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, update

from signward_server.core.api_keys import ApiKey
from signward_server.core.identity_names import identity_of
from signward_server.store.rows import from_epoch, since_epoch
from signward_server.store.schema import api_keys, as_stored, stamp

__all__ = [
    "ApiKeyRow",
    "api_key_from",
    "api_key_row",
    "insert_api_key",
    "read_all",
    "read_conflicting",
    "read_one",
    "revoke_api_key",
]

_ALL = as_stored(api_keys)
_ONE = _ALL.where(api_keys.c.id == bindparam("id"))
_CONFLICTING = _ALL.where(
    (api_keys.c.id == bindparam("id")) | (api_keys.c.digest == bindparam("digest"))
)
_SINCE = _ALL.where(api_keys.c.changed > bindparam("known"))
_INSERT = insert(api_keys).values(changed=stamp)


class ApiKeyRow(NamedTuple):
    """A row of ``api_keys``."""

    id: str
    identity: str
    digest: bytes
    create_time: int
    expire_time: int
    created_by: str
    address_ranges: str
    imported: int
    revoke_time: int | None
    mac: bytes = b""
    changed: int = 0


def api_key_row(api_key: ApiKey) -> ApiKeyRow:
    """Return the row of an API key, without its MAC."""
    revoked = api_key.revoke_time
    return ApiKeyRow(
        id=api_key.id,
        identity=str(api_key.identity),
        digest=api_key.digest,
        create_time=since_epoch(api_key.create_time),
        expire_time=since_epoch(api_key.expire_time),
        created_by=api_key.created_by,
        address_ranges=" ".join(api_key.address_ranges),
        imported=int(api_key.imported),
        revoke_time=None if revoked is None else since_epoch(revoked),
    )


def api_key_from(row: ApiKeyRow) -> ApiKey:
    """Return the API key of a row that carries the right MAC.

    Raises:
        ValueError: Its identity is of a kind that this release does not know.
    """
    identity = identity_of(row.identity)
    if identity is None:
        raise ValueError("not an identity")
    return ApiKey(
        id=row.id,
        identity=identity,
        digest=row.digest,
        create_time=from_epoch(row.create_time),
        expire_time=from_epoch(row.expire_time),
        created_by=row.created_by,
        address_ranges=tuple(row.address_ranges.split()),
        imported=row.imported == 1,
        revoke_time=None if row.revoke_time is None else from_epoch(row.revoke_time),
    )


def read_all(connection: Connection, known: int | None = None) -> Iterator[ApiKeyRow]:
    """Yield every row, or those that changed after a version of the store, as it is stored."""
    rows = (
        connection.execute(_ALL) if known is None else connection.execute(_SINCE, {"known": known})
    )
    yield from map(ApiKeyRow._make, rows)


def read_one(connection: Connection, key_id: str) -> ApiKeyRow | None:
    """Return the row of an API key, as it is stored; ``None`` if there is none."""
    row = connection.execute(_ONE, {"id": key_id}).first()
    return None if row is None else ApiKeyRow._make(row)


def read_conflicting(connection: Connection, row: ApiKeyRow) -> Iterator[ApiKeyRow]:
    """Yield each row that has taken the id or the digest of another, as it is stored."""
    taken = {"id": row.id, "digest": row.digest}
    yield from map(ApiKeyRow._make, connection.execute(_CONFLICTING, taken))


def insert_api_key(connection: Connection, row: ApiKeyRow) -> None:
    """Insert an API key.

    Raises:
        sqlalchemy.exc.IntegrityError: The id or the digest is taken.
    """
    values = row._asdict()
    del values["changed"]  # the database says
    connection.execute(_INSERT, values)


def revoke_api_key(connection: Connection, row: ApiKeyRow) -> bool:
    """Write the time of revocation and the new MAC, unless the row is revoked already.

    Returns:
        Whether there was such a row.
    """
    ours = (api_keys.c.id == row.id, api_keys.c.revoke_time.is_(None))
    values = {"revoke_time": row.revoke_time, "mac": row.mac, "changed": stamp}
    return connection.execute(update(api_keys).where(*ours).values(values)).rowcount == 1
