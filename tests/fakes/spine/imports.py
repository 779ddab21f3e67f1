"""Imports in a dictionary."""

from __future__ import annotations

import threading

from signward_server.core.errors import ImportQuota, RequestIdReused
from signward_server.core.imports import OpenImport
from signward_server.core.ports import RequestScope, Time

__all__ = ["FakeImports"]


class FakeImports:
    """Implements ``core.ports.Imports`` for ``quota`` imports of an identity.

    Attributes:
        open: Those that were not used, by name.
    """

    def __init__(self, time: Time) -> None:
        self.quota = 16
        self.open: dict[str, OpenImport] = {}
        self._asked: dict[RequestScope, str] = {}
        self._time = time
        self._lock = threading.Lock()

    def add(self, new: OpenImport, scope: RequestScope | None) -> OpenImport:
        with self._lock:
            self._purge()
            earlier = None if scope is None else self.open.get(self._asked.get(scope, ""))
            if earlier is not None:
                if earlier.content != new.content:
                    raise RequestIdReused
                return earlier
            if sum(each.identity == new.identity for each in self.open.values()) >= self.quota:
                raise ImportQuota(retry_after=60)
            self.open[new.id] = new
            if scope is not None:
                self._asked[scope] = new.id
            return new

    def find(self, import_id: str, identity: str) -> OpenImport | None:
        with self._lock:
            self._purge()
            found = self.open.get(import_id)
            return found if found is not None and found.identity == identity else None

    def take(self, import_id: str, identity: str) -> OpenImport | None:
        found = self.find(import_id, identity)
        return None if found is None else self.open.pop(found.id)

    def purge(self) -> float | None:
        with self._lock:
            self._purge()
        ends = [
            (each.expire_time - self._time.now()).total_seconds() for each in self.open.values()
        ]
        return min(ends, default=None)

    def _purge(self) -> None:
        now = self._time.now()
        for each in [each for each in self.open.values() if each.expire_time <= now]:
            del self.open[each.id]
