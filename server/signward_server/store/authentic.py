"""Keys and rows, by way of the MAC (S17)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from sqlalchemy import Connection

from signward_server.core.keys import Key
from signward_server.core.ports import RowAuthenticator
from signward_server.store.canonical import mac_input
from signward_server.store.key_rows import read_all, read_one, read_since
from signward_server.store.memory import Rows
from signward_server.store.rows import KeyRow, VersionRow, key_from, key_row, version_row

__all__ = ["AuthenticKeys"]


class AuthenticKeys:
    """Makes rows with a MAC, and keys of none but rows with the right one.

    Args:
        authenticator: Makes and checks the MACs.
    """

    def __init__(self, authenticator: RowAuthenticator) -> None:
        self._authenticator = authenticator

    def rows(self, key: Key) -> Rows:
        """Return a key's row with its MAC, and the rows of its versions."""
        row = key_row(key)
        versions = [version_row(key.id, version) for version in key.versions]
        return self.tagged(row, versions), versions

    def tagged(self, row: KeyRow, versions: Sequence[VersionRow]) -> KeyRow:
        """Return a row with its MAC."""
        return row._replace(mac=self._authenticator.tag(mac_input(row, versions)))

    def read(
        self, connection: Connection, known: int | None = None
    ) -> tuple[dict[str, Rows], frozenset[str]]:
        """Return rows by id, and the ids of the keys whose rows are not as they were written.

        Args:
            connection: In a transaction that reads all of it as it was at one moment.
            known: The version of the store after which a key has changed; ``None`` for all.
        """
        good: dict[str, Rows] = {}
        bad: set[str] = set()
        found = read_all(connection) if known is None else read_since(connection, known)
        for key_id, row, versions in found:
            if row is not None and self.genuine(row, versions):
                good[row.id] = row, versions
            else:
                bad.add(str(key_id))
        return good, frozenset(bad)

    def read_one(self, connection: Connection, key_id: str) -> Key | None:
        """Return a key, ``None`` if there is none or its rows are not as they were written."""
        rows = read_one(connection, key_id)
        if rows is None or not self.genuine(*rows):
            return None
        return key_from(*rows)

    def genuine(self, row: KeyRow, versions: Sequence[VersionRow]) -> bool:
        """Return whether the rows of a key and its listed versions are as they were written."""
        try:
            return self._authenticator.matches(mac_input(row, versions), row.mac)
        except (ValueError, TypeError, AttributeError, struct.error):
            # A value of another type than its column: nothing that was ever written.
            return False
