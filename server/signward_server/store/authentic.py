"""Keys read from rows that carry the right MAC (S17)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from signward_server.core.keys import Key
from signward_server.core.ports import RowAuthenticator
from signward_server.store.canonical import key_row
from signward_server.store.key_rows import read_all, read_one
from signward_server.store.rows import Row, key_from

__all__ = ["AuthenticKeys"]


class AuthenticKeys:
    """Reads keys and refuses rows that the daemon did not write.

    Args:
        authenticator: Makes and checks the MACs.
    """

    def __init__(self, authenticator: RowAuthenticator) -> None:
        self._authenticator = authenticator

    def tag(self, key: Key) -> bytes:
        """Return the MAC of a key's row and versions."""
        return self._authenticator.tag(key_row(key))

    def read(self, connection: Connection) -> tuple[dict[str, Key], set[str]]:
        """Return all keys by id, and the ids whose rows are not as they were written."""
        good: dict[str, Key] = {}
        bad: set[str] = set()
        for key_id, row, versions in read_all(connection):
            key = None if row is None else self._checked(row, versions)
            if key is None:
                bad.add(str(key_id))
            else:
                good[key.id] = key
        return good, bad

    def read_one(self, connection: Connection, key_id: str) -> Key | None:
        """Return a key, ``None`` if there is none or its rows are not as they were written."""
        rows = read_one(connection, key_id)
        return None if rows is None else self._checked(*rows)

    def _checked(self, row: Row, versions: Sequence[Row]) -> Key | None:
        try:
            key = key_from(row, versions)
            authentic = self._authenticator.matches(key_row(key), row["mac"])
        except (ValueError, TypeError, OverflowError):
            return None
        return key if authentic else None
