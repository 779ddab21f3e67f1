"""API keys and rows, by way of the MAC (S17); secrets, by way of another."""

from __future__ import annotations

import logging
import struct

from sqlalchemy import Connection

from signward_server.core.api_keys import ApiKey
from signward_server.core.ports import RowAuthenticator
from signward_server.store import api_key_rows
from signward_server.store.api_key_rows import ApiKeyRow, api_key_from, api_key_row
from signward_server.store.canonical import api_key_mac_input, secret_mac_input

__all__ = ["AuthenticApiKeys", "MacSecretDigest"]

_log = logging.getLogger(__name__)


class AuthenticApiKeys:
    """Makes rows with a MAC, and API keys of none but rows with the right one.

    Args:
        authenticator: Makes and checks the MACs.
    """

    def __init__(self, authenticator: RowAuthenticator) -> None:
        self._authenticator = authenticator

    def row(self, api_key: ApiKey) -> ApiKeyRow:
        """Return an API key's row with its MAC."""
        row = api_key_row(api_key)
        return row._replace(mac=self._authenticator.tag(api_key_mac_input(row)))

    def read(
        self, connection: Connection, known: int | None = None
    ) -> tuple[list[ApiKey], frozenset[str]]:
        """Return API keys, and the ids of the rows that are not as they were written.

        Args:
            connection: To the database.
            known: The version of the store after which they changed; ``None`` for all.
        """
        good: list[ApiKey] = []
        bad: set[str] = set()
        for row in api_key_rows.read_all(connection, known):
            api_key = self.authentic(row)
            if api_key is None:
                bad.add(str(row.id))
            else:
                good.append(api_key)
        if bad:
            _log.error("API keys fail their MAC and are not accepted: %d", len(bad))
        return good, frozenset(bad)

    def read_one(self, connection: Connection, key_id: str) -> ApiKey | None:
        """Return an API key, ``None`` if there is none or its row is not as it was written."""
        row = api_key_rows.read_one(connection, key_id)
        return None if row is None else self.authentic(row)

    def read_conflicting(self, connection: Connection, row: ApiKeyRow) -> list[ApiKey]:
        """Return the API keys that have taken the id or the digest of a row."""
        found = map(self.authentic, api_key_rows.read_conflicting(connection, row))
        return [api_key for api_key in found if api_key is not None]

    def authentic(self, row: ApiKeyRow) -> ApiKey | None:
        """Return the API key of a row, ``None`` if the row is not as it was written."""
        try:
            genuine = self._authenticator.matches(api_key_mac_input(row), row.mac)
            return api_key_from(row) if genuine else None
        except (ValueError, TypeError, AttributeError, OverflowError, struct.error):
            # A value of another type than its column, which was never written; or one that
            # only another release knows.
            return None


class MacSecretDigest:
    """Implements ``core.ports.SecretDigest`` by the MAC of rows, in a domain of its own.

    Args:
        authenticator: Makes the MACs.
    """

    def __init__(self, authenticator: RowAuthenticator) -> None:
        self._authenticator = authenticator

    def digest(self, secret: bytes) -> bytes:
        """See ``core.ports.SecretDigest.digest``."""
        return self._authenticator.tag(secret_mac_input(secret))
