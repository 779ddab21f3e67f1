"""Rows of imports: what is kept of a wrapping key until it is used.

They have no MAC: the sealed private half is bound to all that matters of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.imports import OpenImport, WrappingKey
from signward_server.store.rows import from_epoch, since_epoch
from signward_server.store.schema import imports

__all__ = [
    "Open",
    "delete_expired",
    "delete_import",
    "find_import",
    "find_import_of",
    "insert_import",
    "open_of",
]

_COLUMNS = (
    imports.c.id,
    imports.c.identity,
    imports.c.content,
    imports.c.public_key,
    imports.c.sealed,
    imports.c.expire_time,
)
_NAMED = (imports.c.id == bindparam("name"), imports.c.identity == bindparam("holder"))
_INSERT = insert(imports)
_FIND = select(*_COLUMNS).where(*_NAMED)
_FIND_OF = select(*_COLUMNS).where(imports.c.scope == bindparam("asked"))
_TAKE = delete(imports).where(*_NAMED).returning(*_COLUMNS)
_PURGE = delete(imports).where(imports.c.expire_time <= bindparam("now"))
_EARLIEST = select(func.min(imports.c.expire_time))
_OPEN = select(func.count(), func.min(imports.c.expire_time)).where(
    imports.c.identity == bindparam("holder")
)


class Open(NamedTuple):
    """How many imports an identity has open, and when the first of them ends."""

    number: int
    earliest: int | None


def insert_import(connection: Connection, new: OpenImport, scope: bytes | None) -> None:
    """Insert an import, and the digest of the request's scope, if it has one.

    Raises:
        sqlalchemy.exc.IntegrityError: Its name or the scope is taken.
    """
    row = {
        "id": new.id,
        "identity": new.identity,
        "scope": scope,
        "content": new.content,
        "public_key": new.wrapping.public_key,
        "sealed": new.wrapping.sealed,
        "expire_time": since_epoch(new.expire_time),
    }
    connection.execute(_INSERT, row)


def find_import(connection: Connection, import_id: str, identity: str) -> OpenImport | None:
    """Return an import of an identity, ``None`` if there is none."""
    return _read(connection.execute(_FIND, {"name": import_id, "holder": identity}).first())


def find_import_of(connection: Connection, scope: bytes) -> OpenImport | None:
    """Return the import that a request made, ``None`` if there is none any more."""
    return _read(connection.execute(_FIND_OF, {"asked": scope}).first())


def delete_import(connection: Connection, import_id: str, identity: str) -> OpenImport | None:
    """Delete an import of an identity; return it, ``None`` if there was none."""
    row = connection.execute(_TAKE, {"name": import_id, "holder": identity}).first()
    return _read(row)


def delete_expired(connection: Connection, now: int) -> int | None:
    """Delete the imports that have ended; return when the next one will, if any."""
    connection.execute(_PURGE, {"now": now})
    found: int | None = connection.execute(_EARLIEST).scalar()
    return found


def open_of(connection: Connection, identity: str) -> Open:
    """Return what an identity has open."""
    return Open(*connection.execute(_OPEN, {"holder": identity}).one())


def _read(row: Sequence[object] | None) -> OpenImport | None:
    if row is None:
        return None
    name, identity, content, public_key, sealed, expire_time = row
    if not (
        isinstance(name, str)
        and isinstance(identity, str)
        and isinstance(content, bytes)
        and isinstance(public_key, bytes)
        and isinstance(sealed, bytes)
        and isinstance(expire_time, int)
    ):
        raise EnvelopeCorrupt
    try:
        end = from_epoch(expire_time)
    except OverflowError as exc:
        raise EnvelopeCorrupt from exc
    wrapping = WrappingKey(public_key, sealed)
    return OpenImport(
        id=name, identity=identity, content=content, wrapping=wrapping, expire_time=end
    )
