"""All API keys in memory, written through to the database (``docs/adr/0003-catalogue.md``).

Readers take no lock: what they see are immutable snapshots in dictionaries. Writers queue
behind one lock, and memory changes only after the database has committed.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from signward_server.core.api_keys import ApiKey
from signward_server.core.errors import ApiKeyExists, ApiKeyQuota, StoreUnavailable
from signward_server.store import api_key_rows
from signward_server.store.api_key_rows import ApiKeyRow
from signward_server.store.authentic_api_keys import AuthenticApiKeys
from signward_server.store.failures import unavailable
from signward_server.store.version import StoreVersion
from signward_server.store.writing import Writing

__all__ = ["StoredApiKeys"]

_MOST = 100_000


class StoredApiKeys:
    """Implements ``core.ports.ApiKeys``.

    API keys whose rows are not as the daemon wrote them do not exist for readers; their ids
    and digests stay taken.

    Args:
        snapshots: Engine whose transactions read everything as it was at one moment.
        version: Counts changes.
        writing: Lock of all changes of this process.
        authentic: Checks rows that are read and tags those that are written.
        settle: Returns when no other process acts on an older version of the store than this,
            or than the newest if this is ``None``.
        most: How many are kept, revoked and expired ones included: they stay in memory.

    Raises:
        StoreUnavailable: The rows cannot be read.
    """

    def __init__(
        self,
        snapshots: Engine,
        version: StoreVersion,
        writing: Writing,
        authentic: AuthenticApiKeys,
        settle: Callable[[int | None], None],
        most: int = _MOST,
    ) -> None:
        self._snapshots = snapshots
        self._version = version
        self._writing = writing
        self._authentic = authentic
        self._settle = settle
        self._most = most
        self._generation = -1
        self._closed = False
        self._keys: dict[str, ApiKey] = {}
        self._ids_by_digest: dict[bytes, str] = {}
        self._ids: list[str] = []
        self._quarantined: frozenset[str] = frozenset()
        with unavailable(), snapshots.begin() as connection:
            self.refresh(connection, None)

    def __len__(self) -> int:
        """Return how many can be used, revoked and expired ones included."""
        return len(self._keys)

    @property
    def quarantined(self) -> frozenset[str]:
        """Ids of those that cannot."""
        return self._quarantined

    @property
    def generation(self) -> int:
        """See ``core.ports.ApiKeys.generation``."""
        return self._generation

    def find(self, digest: bytes) -> ApiKey | None:
        """See ``core.ports.ApiKeys.find``."""
        key_id = self._ids_by_digest.get(digest)
        return None if key_id is None else self._keys.get(key_id)

    def get(self, key_id: str) -> ApiKey | None:
        """See ``core.ports.ApiKeys.get``."""
        return self._keys.get(key_id)

    def page(self, after: str, limit: int) -> Sequence[ApiKey]:
        """See ``core.ports.ApiKeys.page``."""
        ids = self._ids
        start = bisect_right(ids, after)
        return [self._keys[key_id] for key_id in ids[start : start + max(limit, 0)]]

    def insert(self, api_key: ApiKey) -> None:
        """See ``core.ports.ApiKeys.insert``."""
        row = self._authentic.row(api_key)
        with self._writing, unavailable():
            self._ensure_open()
            if len(self._keys) + len(self._quarantined) >= self._most:
                raise ApiKeyQuota
            try:
                with self._version.change() as connection:
                    api_key_rows.insert_api_key(connection, row)
            except IntegrityError as exc:
                self._catch_up(row)
                raise ApiKeyExists from exc
            self._publish(api_key)
            version = self._version.follow()
        self._settle(version)

    def revoke(self, key_id: str, at: datetime) -> ApiKey | None:
        """See ``core.ports.ApiKeys.revoke``.

        Whatever became of the row behind the daemon's back, the key is not accepted any more
        when this returns, nor after the next start.
        """
        with self._writing, unavailable():
            self._ensure_open()
            known, version = self.get(key_id), None
            if known is None:
                return None
            if known.revoke_time is None:
                known, version = self._revoke(known, at)
        self._settle(version)
        return known

    def refresh(self, connection: Connection, known: int | None) -> None:
        """Take over what is stored; for whoever holds the lock of all changes.

        Args:
            connection: In a transaction that reads all of it as it was at one moment.
            known: The version of the store after which it changed; ``None`` for everything.
        """
        stored, bad = self._authentic.read(connection, known)
        if known is None:
            self._take_all(stored, bad)
            return
        for api_key in stored:
            before = self._keys.get(api_key.id)
            if before is None or before.revoke_time is None:
                self._publish(api_key)  # nothing brings one back that is revoked (S13)
        for key_id in bad & self._keys.keys():
            self._withdraw(key_id)
        self._quarantined = (self._quarantined - {api_key.id for api_key in stored}) | bad

    def close(self) -> None:
        """Wait for the write under way; nothing can be written afterwards."""
        with self._writing:
            self._closed = True

    def _ensure_open(self) -> None:
        if self._closed:
            raise StoreUnavailable

    def _revoke(self, known: ApiKey, at: datetime) -> tuple[ApiKey, int]:
        """Return it as it is stored then, and the version of the store with that."""
        revoked = dataclasses.replace(known, revoke_time=at)
        row = self._authentic.row(revoked)
        with self._version.change() as connection:
            written = api_key_rows.revoke_api_key(connection, row)
            stored = None if written else self._authentic.read_one(connection, known.id)
        if stored is not None and stored.revoke_time is not None:
            revoked = stored  # a commit that had been reported as failed went through
        self._publish(revoked)
        return revoked, self._version.follow()

    def _catch_up(self, row: ApiKeyRow) -> None:
        """Take over what is in the way: a commit that had been reported as failed went through."""
        with self._snapshots.begin() as connection:
            stored = self._authentic.read_conflicting(connection, row)
        for api_key in stored:
            if api_key.id not in self._keys:
                self._publish(api_key)

    def _take_all(self, stored: Sequence[ApiKey], bad: frozenset[str]) -> None:
        self._quarantined = bad
        self._keys = {api_key.id: api_key for api_key in stored}
        self._ids_by_digest = {api_key.digest: api_key.id for api_key in stored}
        self._ids = sorted(self._keys)
        self._generation += 1

    def _withdraw(self, key_id: str) -> None:
        gone = self._keys.pop(key_id)
        self._ids_by_digest.pop(gone.digest, None)
        self._ids = [known for known in self._ids if known != key_id]
        self._generation += 1

    def _publish(self, api_key: ApiKey) -> None:
        if api_key.id not in self._keys:
            ids = self._ids.copy()
            insort(ids, api_key.id)
            self._ids = ids
        self._keys[api_key.id] = api_key
        self._ids_by_digest[api_key.digest] = api_key.id
        self._generation += 1
