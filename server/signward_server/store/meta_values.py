"""Single values of the store by their names, within a transaction."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select, text

from signward_server.store.schema import meta

__all__ = ["ADOPTED", "set_value", "value_of"]

ADOPTED: Final = "adopted"
"""When a home was last adopted while nobody served from the store, microseconds since the epoch."""

_SET = text(
    "INSERT INTO meta (name, value) VALUES (:name, :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


def value_of(connection: Connection, name: str) -> str | None:
    """Return a value, ``None`` if there is none."""
    found = connection.scalar(select(meta.c.value).where(meta.c.name == name))
    return None if found is None else str(found)


def set_value(connection: Connection, name: str, value: str) -> None:
    """Write a value, in the place of an earlier one."""
    connection.execute(_SET, {"name": name, "value": value})
