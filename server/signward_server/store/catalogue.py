"""All keys in memory, written through to the database (``docs/adr/0003-catalogue.md``).

Readers take no lock: what they see are immutable snapshots in a dictionary. Writers queue
behind one lock, and memory changes only after the database has committed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from types import MappingProxyType

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from signward_server.core.errors import (
    EnvelopeCorrupt,
    EtagMismatch,
    KeyExists,
    KeyNotFound,
    RequestIdReused,
    StoreUnavailable,
)
from signward_server.core.keys import Key, KeyVersion, VersionState
from signward_server.core.ports import Changed, Clock, RequestScope
from signward_server.store import key_rows, request_rows
from signward_server.store.authentic import AuthenticKeys
from signward_server.store.failures import unavailable
from signward_server.store.memory import KeyMemory
from signward_server.store.request_rows import CreationRow
from signward_server.store.succession import successor
from signward_server.store.version import StoreVersion
from signward_server.store.writing import Writing

__all__ = ["KeyCatalogue"]


class KeyCatalogue:
    """Implements ``core.ports.Catalogue`` and ``core.ports.MaterialReader``.

    Keys whose rows are not as the daemon wrote them are quarantined: reading one says so,
    listing leaves it out, every other key works.

    Args:
        snapshots: Engine whose transactions read everything as it was at one moment.
        version: Counts changes.
        writing: Lock of all changes of this process.
        authentic: Checks rows that are read and tags those that are written.
        clock: Dates changes.
        forget: Wipes whatever is unlocked of a key that is not what it was.
        settle: Returns when no other process acts on an older version of the store than this,
            or than the newest if this is ``None``.

    Raises:
        StoreUnavailable: The rows cannot be read.
    """

    def __init__(
        self,
        snapshots: Engine,
        version: StoreVersion,
        writing: Writing,
        authentic: AuthenticKeys,
        clock: Clock,
        forget: Callable[[str], None],
        settle: Callable[[int | None], None],
    ) -> None:
        self._snapshots = snapshots
        self._version = version
        self._writing = writing
        self._authentic = authentic
        self._clock = clock
        self._forget = forget
        self._settle = settle
        with unavailable(), snapshots.begin() as connection:
            self._memory = KeyMemory(*authentic.read(connection))
        self._closed = False

    def __len__(self) -> int:
        """Return how many keys can be read."""
        return len(self._memory)

    @property
    def quarantined(self) -> frozenset[str]:
        """Ids of the keys that cannot be read."""
        return self._memory.quarantined

    def get(self, key_id: str) -> Key | None:
        """See ``core.ports.Catalogue.get``."""
        return self._memory.get(key_id)

    def page(self, after: str, limit: int, skip: int = 0) -> Sequence[Key]:
        """See ``core.ports.Catalogue.page``."""
        return self._memory.page(after, limit, skip)

    def created_by(self, scope: RequestScope, content: bytes) -> Key | None:
        """See ``core.ports.Catalogue.created_by``."""
        with self._writing, unavailable():
            with self._snapshots.begin() as connection:
                earlier = _earlier(connection, scope, content)
            return None if earlier is None else self._made_earlier(earlier.key_id)

    def insert(
        self, key: Key, material: bytes | None, scope: RequestScope | None, content: bytes
    ) -> Key:
        """See ``core.ports.Catalogue.insert``.

        The material is that of the newest version. Requests that made a key count towards
        no quota: there is one for each key, remembered as long as the key.
        """
        key = dataclasses.replace(key, labels=MappingProxyType(dict(key.labels)))
        rows = self._authentic.rows(key)
        with self._writing, unavailable():
            self._ensure_open()
            try:
                with self._version.change() as connection:
                    earlier = _earlier(connection, scope, content)
                    if earlier is None:
                        key_rows.insert_key(connection, *rows, material)
                        if scope is not None:
                            request_rows.insert_creation(connection, scope, content, key.id)
            except IntegrityError as exc:
                self._catch_up(key.id)
                raise KeyExists from exc
            if earlier is not None:
                return self._made_earlier(earlier.key_id)
            self._memory.publish(key)
            version = self._version.follow()
        self._settle(version)
        return key

    def changed_by(self, scope: RequestScope, content: bytes) -> Changed | None:
        """See ``core.ports.Catalogue.changed_by``."""
        with self._writing, unavailable():
            with self._snapshots.begin() as connection:
                earlier = _earlier(connection, scope, content)
            if earlier is None:
                return None
            key = self._made_earlier(earlier.key_id)
            if key.version(earlier.version) is None:  # another process made it just now
                self._catch_up(key.id)
                key = self._made_earlier(key.id)
        self._settle(None)
        return Changed(key, earlier.version, earlier.previous or 0)

    def settle(self) -> None:
        """See ``core.ports.Catalogue.settle``."""
        self._settle(None)

    def replace(
        self,
        key: Key,
        expected_revision: int,
        *,
        material: bytes | None = None,
        scope: RequestScope | None = None,
        content: bytes = b"",
    ) -> Key:
        """See ``core.ports.Catalogue.replace``.

        A version that the key no longer lists is forgotten for good: neither its number nor
        its public key can come back (S16).

        Raises:
            ValueError: Something that is fixed at creation differs; a programming error.
        """
        with self._writing, unavailable():
            self._ensure_open()
            old = self.get(key.id)
            if old is None:
                raise KeyNotFound
            if old.revision != expected_revision:
                raise EtagMismatch
            new = successor(old, key, self._clock.now())
            rows = self._authentic.rows(old), self._authentic.rows(new)
            try:
                with self._version.change() as connection:
                    written = key_rows.update_key(connection, *rows)
                    if written:
                        _settle_material(connection, old, new, material)
                        if scope is not None:
                            _remember(connection, scope, content, old, new)
            except IntegrityError as exc:
                raise KeyExists from exc
            if not written:
                self._catch_up(key.id)
                raise EtagMismatch
            self._memory.publish(new)
            version = self._version.follow()
        self._forget(new.id)
        self._settle(version)
        return new

    def replace_unchanged(self, keys: Iterable[Key]) -> Sequence[Key]:
        """See ``core.ports.Catalogue.replace_unchanged``."""
        stored: list[Key] = []
        with self._writing, unavailable():
            self._ensure_open()
            changes = [(old, key) for key in keys if (old := self._same_revision(key)) is not None]
            with self._version.change() as connection:
                for old, key in changes:
                    new = successor(old, key, self._clock.now())
                    rows = self._authentic.rows(old), self._authentic.rows(new)
                    if key_rows.update_key(connection, *rows):
                        stored.append(new)
            for new in stored:
                self._memory.publish(new)
            for missed in {old.id for old, _ in changes} - {new.id for new in stored}:
                self._catch_up(missed)
            version = self._version.follow()
        for new in stored:
            self._forget(new.id)
        self._settle(version)
        return stored

    def refresh(self, connection: Connection, known: int | None) -> None:
        """Take over what is stored; for whoever holds the lock of all changes.

        Whatever is unlocked of keys that are not what they were is wiped.

        Args:
            connection: In a transaction that reads all of it as it was at one moment.
            known: The version of the store after which it changed; ``None`` for everything.
        """
        rows, bad = self._authentic.read(connection, known)
        if known is None:
            gone = [*self._memory]
            self._memory = KeyMemory(rows, bad)
        else:
            gone = [*self._memory.take(rows, bad)]
        for key_id in gone:
            self._forget(key_id)

    def close(self) -> None:
        """Wait for the write under way; nothing can be written afterwards."""
        with self._writing:
            self._closed = True

    def _ensure_open(self) -> None:
        if self._closed:
            raise StoreUnavailable

    def _same_revision(self, key: Key) -> Key | None:
        known = self.get(key.id) if key.id in self._memory else None
        return known if known is not None and known.revision == key.revision else None

    def _catch_up(self, key_id: str) -> None:
        """Take over a newer row: a commit that had been reported as failed went through."""
        known = self._memory.get(key_id) if key_id in self._memory else None
        with self._snapshots.begin() as connection:
            stored = self._authentic.read_one(connection, key_id)
        if stored is not None and (known is None or stored.revision > known.revision):
            self._memory.publish(stored)

    def _made_earlier(self, key_id: str) -> Key:
        if key_id not in self._memory:
            self._catch_up(key_id)
        key = self.get(key_id)
        if key is None:
            raise EnvelopeCorrupt
        return key


def _earlier(
    connection: Connection, scope: RequestScope | None, content: bytes
) -> CreationRow | None:
    """Return what this request made before, ``None`` if it is new."""
    if scope is None:
        return None
    found = request_rows.find_creation(connection, scope)
    if found is None:
        return None
    if found.content != content:
        raise RequestIdReused
    if found.key_id != scope.key:
        raise EnvelopeCorrupt  # this row has no MAC, but its scope names the key
    return found


def _remember(
    connection: Connection, scope: RequestScope, content: bytes, old: Key, new: Key
) -> None:
    if request_rows.find_creation(connection, scope) is not None:
        raise RequestIdReused
    newest = max(version.version for version in new.versions)
    made = (new.id, newest, old.primary_version)
    request_rows.insert_creation(connection, scope, content, *made)


def _settle_material(connection: Connection, old: Key, new: Key, material: bytes | None) -> None:
    """Store the private half of the newest version, and delete those that are destroyed now."""
    if material is not None:
        newest = max(version.version for version in new.versions)
        key_rows.insert_material(connection, new.id, newest, material)
    gone = {version.version for version in old.versions if _is_destroyed(version)}
    for version in new.versions:
        if _is_destroyed(version) and version.version not in gone:
            key_rows.delete_material(connection, new.id, version.version)


def _is_destroyed(version: KeyVersion) -> bool:
    return version.state is VersionState.DESTROYED
