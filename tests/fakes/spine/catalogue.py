"""Keys in a dictionary."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable, Sequence

from signward_server.core.errors import (
    EnvelopeCorrupt,
    EtagMismatch,
    KeyExists,
    KeyNotFound,
    RequestIdReused,
    SignwardError,
)
from signward_server.core.keys import Key, VersionState
from signward_server.core.ports import Changed, RequestScope

__all__ = ["FakeCatalogue"]


class FakeCatalogue:
    """Implements ``core.ports.Catalogue``.

    Attributes:
        corrupt: Ids whose rows fail their MAC.
        failure: What every change raises.
        before_replace: Called before a change is compared and stored.
        materials: Sealed private halves, by key id and version.
        pages: The size of each page that was asked for.
        settled: How often somebody waited for other processes without a change.
    """

    def __init__(self) -> None:
        self.corrupt: set[str] = set()
        self.failure: SignwardError | None = None
        self.before_replace: Callable[[], None] = lambda: None
        self.pages: list[int] = []
        self.settled = 0
        self._keys: dict[str, Key] = {}
        self.materials: dict[tuple[str, int], bytes] = {}
        self._made: dict[RequestScope, tuple[bytes, str, int, int]] = {}
        self._lock = threading.Lock()

    def get(self, key_id: str) -> Key | None:
        if key_id in self.corrupt:
            raise EnvelopeCorrupt
        return self._keys.get(key_id)

    def put(self, key: Key) -> Key:
        """Store a key as another worker would, behind the back of what is running."""
        known = self._keys.get(key.id)
        revision = 1 if known is None else known.revision + 1
        self._keys[key.id] = stored = dataclasses.replace(key, revision=revision)
        return stored

    def drop(self, key_id: str) -> None:
        del self._keys[key_id]

    def page(self, after: str, limit: int, skip: int = 0) -> Sequence[Key]:
        self.pages.append(limit)
        names = [name for name in sorted(self._keys) if name > after]
        return [self._keys[name] for name in names[skip:][: max(limit, 0)]]

    def created_by(self, scope: RequestScope, content: bytes) -> Key | None:
        made = self._made.get(scope)
        if made is None:
            return None
        if made[0] != content:
            raise RequestIdReused
        return self.get(made[1])

    def insert(
        self, key: Key, material: bytes | None, scope: RequestScope | None, content: bytes
    ) -> Key:
        with self._lock:
            if self.failure is not None:
                raise self.failure
            earlier = None if scope is None else self.created_by(scope, content)
            if earlier is not None:
                return earlier
            if key.id in self._keys:
                raise KeyExists
            self._keys[key.id] = key
            if material is not None:
                self.materials[key.id, key.versions[0].version] = material
            if scope is not None:
                self._made[scope] = (content, key.id, 0, 0)
            return key

    def settle(self) -> None:
        self.settled += 1

    def changed_by(self, scope: RequestScope, content: bytes) -> Changed | None:
        made = self._made.get(scope)
        if made is None:
            return None
        if made[0] != content:
            raise RequestIdReused
        key = self.get(made[1])
        return None if key is None else Changed(key, made[2], made[3])

    def replace(
        self,
        key: Key,
        expected_revision: int,
        *,
        material: bytes | None = None,
        scope: RequestScope | None = None,
        content: bytes = b"",
    ) -> Key:
        self.before_replace()
        with self._lock:
            if self.failure is not None:
                raise self.failure
            known = self._keys.get(key.id)
            if known is None:
                raise KeyNotFound
            if known.revision != expected_revision:
                raise EtagMismatch
            newest = max((version.version for version in key.versions), default=0)
            if scope is not None:
                if scope in self._made:
                    raise RequestIdReused
                self._made[scope] = (content, key.id, newest, known.primary_version)
            self._settle_material(key, newest, material)
            return self.put(key)

    def _settle_material(self, key: Key, newest: int, material: bytes | None) -> None:
        if material is not None:
            self.materials[key.id, newest] = material
        for version in key.versions:
            if version.state is VersionState.DESTROYED:
                self.materials.pop((key.id, version.version), None)

    def replace_unchanged(self, keys: Iterable[Key]) -> Sequence[Key]:
        stored = []
        for key in keys:
            try:
                stored.append(self.replace(key, key.revision))
            except (KeyNotFound, EtagMismatch):
                continue
        return stored
