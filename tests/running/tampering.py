"""Edits of a stopped daemon's store, as somebody with the file but not the KEK makes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from tests.running.homes import Home

__all__ = ["edit", "flip_first_byte", "swap"]


@contextmanager
def edit(home: Home) -> Iterator[sqlite3.Connection]:
    """Open the store for a transaction of any statements."""
    with closing(sqlite3.connect(home.store)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        yield connection


def swap(connection: sqlite3.Connection, table: str, column: str, one: str, other: str) -> None:
    """Swap a column between the rows of two keys."""
    name = "id" if table == "keys" else "key_id"
    values = [
        _value(connection, f"SELECT {column} FROM {table} WHERE {name} = ?", key)  # noqa: S608
        for key in (one, other)
    ]
    # By way of something else, since fingerprints are unique.
    for key, value in ((other, b"-"), (one, values[1]), (other, values[0])):
        connection.execute(
            f"UPDATE {table} SET {column} = ? WHERE {name} = ?",  # noqa: S608
            (value, key),
        )


def flip_first_byte(connection: sqlite3.Connection, table: str, column: str, key: str) -> None:
    """Change one bit of a blob."""
    name = "id" if table == "keys" else "key_id"
    value = _value(connection, f"SELECT {column} FROM {table} WHERE {name} = ?", key)  # noqa: S608
    connection.execute(
        f"UPDATE {table} SET {column} = ? WHERE {name} = ?",  # noqa: S608
        (bytes([value[0] ^ 1]) + value[1:], key),
    )


def _value(connection: sqlite3.Connection, query: str, key: str) -> Any:
    (value,) = connection.execute(query, (key,)).fetchone()
    return value
