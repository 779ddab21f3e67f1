"""Opening a store, and what it offers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Clock, RowAuthenticator
from signward_server.store.api_keys import StoredApiKeys
from signward_server.store.authentic import AuthenticKeys
from signward_server.store.authentic_api_keys import AuthenticApiKeys
from signward_server.store.catalogue import KeyCatalogue
from signward_server.store.confirming import Confirming
from signward_server.store.driver import DriverSession, DriverStatement
from signward_server.store.engine import durable_engine, prepare_file, probe_engine, swift_engine
from signward_server.store.failures import StoreFileError
from signward_server.store.imports import StoredImports
from signward_server.store.material import StoredMaterial
from signward_server.store.migrations import is_current, migrate
from signward_server.store.requests import RequestMemory
from signward_server.store.version import StoreVersion
from signward_server.store.writing import Writing

__all__ = ["Store", "open_store"]

_PROBE_TTL_S = 1.0
_PROBE = text("UPDATE meta SET value = :value WHERE name = 'probe'")


def open_store(path: Path, clock: Clock, *, upgrade: bool = True) -> Store:
    """Open the store in a SQLite file, making it if there is none.

    Args:
        path: The file; its folder is made with mode 0700 if it is missing.
        clock: Dates changes and request ids.
        upgrade: Whether tables of an older release are migrated.

    Raises:
        StoreFileError: The file is not ours, not private, damaged or not writable, it is
            newer than this release, or older and ``upgrade`` is off.
    """
    prepare_file(path)
    store = Store(path, clock)
    try:
        _ensure_current(store, path, upgrade=upgrade)
    except StoreFileError:
        store.close()
        raise
    return store


class _Closable(Protocol):
    def close(self) -> None: ...


class Store:
    """One open database, and the ports that are implemented on it.

    Three engines work on its file: commits on ``durable`` are on the disk when they return,
    those on ``swift`` survive the death of the process, and ``probing`` tries what works and
    does not wait.

    Args:
        path: The file, which exists.
        clock: Dates changes and request ids.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._durable = durable_engine(path)
        self._swift = swift_engine(path)
        self._probing = probe_engine(path)
        self._clock = clock
        self._writing = Writing(clock)
        self._session = DriverSession(self._probing)
        self._version = StoreVersion(self._durable, self._session)
        self._confirming = Confirming(
            path, self._durable, self._version, self._writing, self.healthy
        )
        self._probe = DriverStatement(self._probing, _PROBE)
        self._probed: tuple[float, bool] | None = None
        self._opened: list[_Closable] = [self._session]

    def migrate(self) -> bool:
        """Bring the tables up to date; return whether they had to be.

        Raises:
            StoreFileError: See ``migrations.migrate``.
        """
        with self._writing:
            return migrate(self._durable)

    def is_current(self) -> bool:
        """Return whether the tables are those of this release."""
        return is_current(self._swift)

    def catalogue(self, authenticator: RowAuthenticator) -> KeyCatalogue:
        """Load all keys.

        Raises:
            StoreUnavailable: They cannot be read.
        """
        authentic = AuthenticKeys(authenticator)
        self._version.begin()
        catalogue = KeyCatalogue(
            self._durable, self._version, self._writing, authentic, self._clock
        )
        self._confirming.add(catalogue.refresh)
        self._opened.append(catalogue)
        return catalogue

    def api_keys(self, authenticator: RowAuthenticator) -> StoredApiKeys:
        """Load all API keys.

        Raises:
            StoreUnavailable: They cannot be read.
        """
        authentic = AuthenticApiKeys(authenticator)
        self._version.begin()
        api_keys = StoredApiKeys(self._durable, self._version, self._writing, authentic)
        self._confirming.add(api_keys.refresh)
        self._opened.append(api_keys)
        return api_keys

    def materials(self) -> StoredMaterial:
        """Return the reader of sealed private halves."""
        materials = StoredMaterial(self._swift)
        self._opened.append(materials)
        return materials

    def requests(
        self, retention: timedelta = timedelta(hours=24), quota: int = 100_000
    ) -> RequestMemory:
        """Return the memory of request ids.

        Raises:
            StoreUnavailable: It cannot be read.
        """
        memory = RequestMemory(self._swift, self._writing, self._clock, retention, quota)
        self._opened.append(memory)
        return memory

    def imports(self, most: int = 16) -> StoredImports:
        """Return the imports that were not used yet.

        Args:
            most: How many one identity may have open.
        """
        imports = StoredImports(self._durable, self._writing, self._clock, most)
        self._opened.append(imports)
        return imports

    def confirm(self) -> None:
        """Return if memory is what the store says, and the store takes changes (S34).

        Raises:
            StoreUnavailable: See ``Confirming.confirm``.
        """
        self._confirming.confirm()

    def healthy(self) -> bool:
        """Return whether the store can be written, as of at most a second ago."""
        if self._writing.doubtful:
            return False
        if self._writing.age < _PROBE_TTL_S or self._writing.under_way:
            return True
        now = self._clock.monotonic()
        probed = self._probed
        if probed is None or now - probed[0] >= _PROBE_TTL_S:
            probed = (now, self._can_write(now))
            self._probed = probed
        return probed[1]

    def close(self) -> None:
        """Close every connection; nothing can be read or written afterwards."""
        for part in self._opened:
            part.close()
        self._probing.dispose()
        self._swift.dispose()
        self._durable.dispose()

    def _can_write(self, now: float) -> bool:
        if not self._writing.patiently():
            return False
        try:
            self._session.first(self._probe, {"value": str(int(now))})
        except StoreUnavailable:
            return False
        finally:
            self._writing.release()
        return True


def _ensure_current(store: Store, path: Path, *, upgrade: bool) -> None:
    try:
        current = store.is_current() or (upgrade and store.migrate())
    except DBAPIError as exc:
        raise StoreFileError(
            f"the store {path} is damaged, full or in use by another process"
        ) from exc
    if not current:
        raise StoreFileError(
            f"the store {path} was written by an older release; run: signward migrate"
        )
