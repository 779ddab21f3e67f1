"""The statements on keys, their versions and their material.

Every function runs in its caller's transaction; nothing here decides, checks a MAC or
remembers anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, update

from signward_server.store.rows import KeyRow, VersionRow
from signward_server.store.schema import as_stored, key_versions, keys, materials, stamp

__all__ = [
    "delete_material",
    "insert_key",
    "insert_material",
    "read_all",
    "read_one",
    "read_since",
    "update_key",
]

_IN_PARTS = {"yield_per": 1000}  # rows that are held beside what is made of them
_AT_ONCE = 500
_KEYS = as_stored(keys)
_KEY = _KEYS.where(keys.c.id == bindparam("id"))
_VERSIONS = (
    as_stored(key_versions)
    .where(key_versions.c.forgotten == 0)
    .order_by(key_versions.c.key_id, key_versions.c.version.desc())
)
_VERSIONS_OF_KEY = _VERSIONS.where(key_versions.c.key_id == bindparam("id"))
_KEYS_SINCE = _KEYS.where(keys.c.changed > bindparam("known"))
_VERSIONS_OF_KEYS = _VERSIONS.where(key_versions.c.key_id.in_(bindparam("ids", expanding=True)))
_INSERT_KEY = insert(keys).values(changed=stamp)
_UPDATE_KEY = (
    update(keys)
    .where(keys.c.id == bindparam("old_id"), keys.c.revision == bindparam("old_revision"))
    .values(changed=stamp)
)
_INSERT_VERSION = insert(key_versions)
_INSERT_MATERIAL = insert(materials)
_DELETE_MATERIAL = delete(materials).where(
    materials.c.key_id == bindparam("old_id"), materials.c.version == bindparam("old_version")
)


def read_all(
    connection: Connection,
) -> Iterator[tuple[object, KeyRow | None, Sequence[VersionRow]]]:
    """Yield each id with its row and version rows, newest version first.

    The row is ``None`` where versions name a key that is not there.
    """
    versions = _grouped(connection.execute(_VERSIONS, execution_options=_IN_PARTS))
    for row in map(KeyRow._make, connection.execute(_KEYS, execution_options=_IN_PARTS)):
        yield row.id, row, versions.pop(row.id, ())
    for key_id in versions:
        yield key_id, None, ()


def read_since(
    connection: Connection, known: int
) -> Iterator[tuple[object, KeyRow | None, Sequence[VersionRow]]]:
    """Yield what changed after a version of the store; see ``read_all``."""
    rows = [KeyRow._make(row) for row in connection.execute(_KEYS_SINCE, {"known": known})]
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        found = connection.execute(_VERSIONS_OF_KEYS, {"ids": [row.id for row in part]})
        versions = _grouped(found)
        for row in part:
            yield row.id, row, versions.get(row.id, ())


def read_one(connection: Connection, key_id: str) -> tuple[KeyRow, Sequence[VersionRow]] | None:
    """Return the row of a key and its version rows, newest first; ``None`` if unknown."""
    row = connection.execute(_KEY, {"id": key_id}).first()
    if row is None:
        return None
    versions = connection.execute(_VERSIONS_OF_KEY, {"id": key_id})
    return KeyRow._make(row), [VersionRow._make(version) for version in versions]


def insert_key(
    connection: Connection, row: KeyRow, versions: Sequence[VersionRow], material: bytes | None
) -> None:
    """Insert a key with its versions, and the sealed private half of its newest one.

    Raises:
        sqlalchemy.exc.IntegrityError: The id or a public key is taken.
    """
    connection.execute(_INSERT_KEY, _stamped(row))
    connection.execute(_INSERT_VERSION, [version._asdict() for version in versions])
    if material is not None:
        insert_material(connection, row.id, versions[0].version, material)


def insert_material(connection: Connection, key_id: str, version: int, sealed: bytes) -> None:
    """Insert the sealed private half of a version.

    Raises:
        sqlalchemy.exc.IntegrityError: It has one already, or there is no such version.
    """
    row = {"key_id": key_id, "version": version, "sealed": sealed}
    connection.execute(_INSERT_MATERIAL, row)


def delete_material(connection: Connection, key_id: str, version: int) -> None:
    """Delete the sealed private half of a version, if it has one."""
    connection.execute(_DELETE_MATERIAL, {"old_id": key_id, "old_version": version})


def update_key(
    connection: Connection,
    old: tuple[KeyRow, Sequence[VersionRow]],
    new: tuple[KeyRow, Sequence[VersionRow]],
) -> bool:
    """Write what differs between two states of a key, if its row is still the old one.

    Returns:
        Whether it was; if not, nothing is written.

    Raises:
        sqlalchemy.exc.IntegrityError: A public key is taken, or a version number was used.
    """
    ours = {"old_id": old[0].id, "old_revision": old[0].revision}
    changed = connection.execute(_UPDATE_KEY, ours | _stamped(new[0]))
    if changed.rowcount != 1:
        return False
    _update_versions(connection, old[1], new[1])
    return True


def _grouped(rows: Iterable[Sequence[Any]]) -> dict[object, Sequence[VersionRow]]:
    versions: dict[object, list[VersionRow]] = defaultdict(list)
    for row in map(VersionRow._make, rows):
        versions[row.key_id].append(row)
    return dict(versions)


def _stamped(row: KeyRow) -> dict[str, object]:
    values = row._asdict()
    del values["changed"]  # the database says
    return values


def _update_versions(
    connection: Connection, old: Sequence[VersionRow], new: Sequence[VersionRow]
) -> None:
    before = {row.version: row for row in old}
    for row in new:
        known = before.pop(row.version, None)
        if known is None:
            connection.execute(_INSERT_VERSION, row._asdict())
        elif known != row:
            _set_version(connection, row)
    for row in before.values():
        _set_version(connection, row._replace(forgotten=1))


def _set_version(connection: Connection, row: VersionRow) -> None:
    ours = (key_versions.c.key_id == row.key_id, key_versions.c.version == row.version)
    connection.execute(update(key_versions).where(*ours).values(row._asdict()))
