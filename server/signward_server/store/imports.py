"""Imports that were not used yet, in the database alone: any worker may finish one."""

from __future__ import annotations

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from signward_server.core.errors import ImportQuota, RequestIdReused, StoreUnavailable
from signward_server.core.imports import OpenImport
from signward_server.core.ports import RequestScope, Time
from signward_server.store import import_rows
from signward_server.store.canonical import scope_digest
from signward_server.store.failures import unavailable
from signward_server.store.rows import since_epoch
from signward_server.store.writing import Writing

__all__ = ["StoredImports"]

_SECOND = 1_000_000


class StoredImports:
    """Implements ``core.ports.Imports``.

    Args:
        durable: Engine whose commits are on the disk when they return.
        writing: Lock of everything that writes to the store.
        time: Tells which are too old.
        most: How many one identity may have open.
    """

    def __init__(self, durable: Engine, writing: Writing, time: Time, most: int) -> None:
        self._durable = durable
        self._writing = writing
        self._time = time
        self._most = most
        self._closed = False

    def add(self, new: OpenImport, scope: RequestScope | None) -> OpenImport:
        """See ``core.ports.Imports.add``."""
        digest = None if scope is None else scope_digest(scope)
        with self._writing, unavailable():
            self._ensure_open()
            try:
                return self._add(new, digest)
            except IntegrityError:  # another process was first with the same request
                return self._again(new, digest)

    def find(self, import_id: str, identity: str) -> OpenImport | None:
        """See ``core.ports.Imports.find``."""
        with self._writing, unavailable():
            self._ensure_open()
            with self._durable.begin() as connection:
                import_rows.delete_expired(connection, self._now())
                return import_rows.find_import(connection, import_id, identity)

    def take(self, import_id: str, identity: str) -> OpenImport | None:
        """See ``core.ports.Imports.take``."""
        with self._writing, unavailable():
            self._ensure_open()
            with self._durable.begin() as connection:
                import_rows.delete_expired(connection, self._now())
                return import_rows.delete_import(connection, import_id, identity)

    def purge(self) -> float | None:
        """See ``core.ports.Imports.purge``."""
        with self._writing, unavailable():
            self._ensure_open()
            now = self._now()
            with self._durable.begin() as connection:
                earliest = import_rows.delete_expired(connection, now)
            return None if earliest is None else (earliest - now) / _SECOND

    def close(self) -> None:
        """Wait for the write under way; nothing can be written afterwards."""
        with self._writing:
            self._closed = True

    def _add(self, new: OpenImport, scope: bytes | None) -> OpenImport:
        with self._durable.begin() as connection:
            now = self._now()
            import_rows.delete_expired(connection, now)
            earlier = _earlier(connection, scope, new.content)
            if earlier is not None:
                return earlier
            has = import_rows.open_of(connection, new.identity)
            if has.number >= self._most:
                raise ImportQuota(retry_after=max(0, (has.earliest or now) - now) / _SECOND)
            import_rows.insert_import(connection, new, scope)
            return new

    def _again(self, new: OpenImport, scope: bytes | None) -> OpenImport:
        try:
            return self._add(new, scope)
        except IntegrityError as exc:
            raise StoreUnavailable from exc

    def _ensure_open(self) -> None:
        if self._closed:
            raise StoreUnavailable

    def _now(self) -> int:
        return since_epoch(self._time.now())


def _earlier(connection: Connection, scope: bytes | None, content: bytes) -> OpenImport | None:
    """Return the import that this request made before, ``None`` if it is new."""
    found = None if scope is None else import_rows.find_import_of(connection, scope)
    if found is not None and found.content != content:
        raise RequestIdReused
    return found
