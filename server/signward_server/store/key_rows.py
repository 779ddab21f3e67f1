"""The statements on keys, their versions and their material.

Every function runs in its caller's transaction; nothing here decides, checks a MAC or
remembers anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, insert, select, type_coerce, update
from sqlalchemy.types import NullType

from signward_server.core.keys import Key
from signward_server.store.rows import Row, fixed_columns, mutable_columns, version_columns
from signward_server.store.schema import key_versions, keys, materials

__all__ = ["insert_key", "read_all", "read_one", "update_key"]


def _as_stored(table: Table) -> Select[*tuple[Any, ...]]:
    # Without types: a value that does not fit its column must reach the decoder of its own
    # row instead of failing the whole result.
    return select(*(type_coerce(column, NullType()).label(column.name) for column in table.c))


_KEYS = _as_stored(keys)
_KEY = _KEYS.where(keys.c.id == bindparam("id"))
_VERSIONS = (
    _as_stored(key_versions)
    .where(key_versions.c.forgotten == 0)
    .order_by(key_versions.c.key_id, key_versions.c.version.desc())
)
_VERSIONS_OF_KEY = _VERSIONS.where(key_versions.c.key_id == bindparam("id"))
_INSERT_KEY = insert(keys)
_INSERT_VERSION = insert(key_versions)
_INSERT_MATERIAL = insert(materials)


def read_all(connection: Connection) -> Iterator[tuple[object, Row | None, Sequence[Row]]]:
    """Yield each id with its row and version rows, newest version first.

    The row is ``None`` where versions name a key that is not there.
    """
    versions: dict[object, list[Row]] = defaultdict(list)
    for version in connection.execute(_VERSIONS).mappings():
        versions[version["key_id"]].append(version)
    for row in connection.execute(_KEYS).mappings():
        yield row["id"], row, versions.pop(row["id"], ())
    for key_id in versions:
        yield key_id, None, ()


def read_one(connection: Connection, key_id: str) -> tuple[Row, Sequence[Row]] | None:
    """Return the row of a key and its version rows, newest first; ``None`` if unknown."""
    row = connection.execute(_KEY, {"id": key_id}).mappings().first()
    if row is None:
        return None
    return row, connection.execute(_VERSIONS_OF_KEY, {"id": key_id}).mappings().all()


def insert_key(connection: Connection, key: Key, mac: bytes, material: bytes | None) -> None:
    """Insert a key with its versions, and the sealed private half of its newest one.

    Raises:
        sqlalchemy.exc.IntegrityError: The id or a public key is taken.
    """
    connection.execute(_INSERT_KEY, {**fixed_columns(key), **mutable_columns(key), "mac": mac})
    connection.execute(
        _INSERT_VERSION, [version_columns(key.id, version) for version in key.versions]
    )
    if material is not None:
        newest = key.versions[0].version
        connection.execute(
            _INSERT_MATERIAL, {"key_id": key.id, "version": newest, "sealed": material}
        )


def update_key(connection: Connection, old: Key, new: Key, mac: bytes) -> bool:
    """Write what differs between two snapshots of a key, if the row is still the old one.

    Returns:
        Whether it was; if not, nothing is written.

    Raises:
        sqlalchemy.exc.IntegrityError: A public key is taken, or a version number was used.
    """
    ours = (keys.c.id == old.id, keys.c.revision == old.revision)
    changed = connection.execute(update(keys).where(*ours).values(mutable_columns(new), mac=mac))
    if changed.rowcount != 1:
        return False
    _update_versions(connection, old, new)
    return True


def _update_versions(connection: Connection, old: Key, new: Key) -> None:
    before = {version.version: version for version in old.versions}
    for version in new.versions:
        if version.version not in before:
            connection.execute(_INSERT_VERSION, version_columns(new.id, version))
        elif before[version.version] != version:
            _set_version(connection, new.id, version.version, version_columns(new.id, version))
    for number in before.keys() - {version.version for version in new.versions}:
        _set_version(connection, new.id, number, {"forgotten": 1})


def _set_version(
    connection: Connection, key_id: str, number: int, columns: dict[str, object]
) -> None:
    ours = (key_versions.c.key_id == key_id, key_versions.c.version == number)
    connection.execute(update(key_versions).where(*ours).values(columns))
