"""One open database, and what it offers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from signward_server.core.caps import Cap
from signward_server.core.ports import AccountOf, Clock, Meter, RowAuthenticator, Time
from signward_server.store.agents import AuthenticAgents, StoredAgents
from signward_server.store.api_keys import StoredApiKeys
from signward_server.store.approvals import StoredApprovals
from signward_server.store.authentic import AuthenticKeys
from signward_server.store.authentic_api_keys import AuthenticApiKeys
from signward_server.store.backend import Backend, BackendTurn
from signward_server.store.catalogue import KeyCatalogue
from signward_server.store.confirming import Confirming
from signward_server.store.driver import DriverSession
from signward_server.store.failures import unavailable
from signward_server.store.homes import StoredHomes
from signward_server.store.imports import StoredImports
from signward_server.store.material import StoredMaterial
from signward_server.store.migrations import is_current, migrate
from signward_server.store.nonces import Lanes, StoredNonces, TrustedTime
from signward_server.store.peers import Peers
from signward_server.store.probing import Probing
from signward_server.store.rekeying import Rekeying
from signward_server.store.requests import RequestMemory
from signward_server.store.spending import Spending, StoredCaps, steady_time
from signward_server.store.time_floor import StoredTimeFloor
from signward_server.store.timetable import StoredTimetable
from signward_server.store.version import StoreVersion
from signward_server.store.writing import Writing

__all__ = ["Store"]


def _nothing(_key_id: str) -> None:
    """Wipe nothing: nobody has anything unlocked."""


class _Closable(Protocol):
    def close(self) -> None: ...


class Store:
    """One open database, and the ports that are implemented on it.

    Args:
        backend: The database.
        clock: Dates changes and request ids.
        shared: Whether other processes serve from it.
        lease: For how long this process acts on what it knows without asking.
    """

    def __init__(self, backend: Backend, clock: Clock, *, shared: bool, lease: timedelta) -> None:
        self._backend = backend
        self._durable, self._swift = backend.durable, backend.swift
        self._clock = clock
        self._shared = shared
        # A disk that fills up takes small writes first; a connection that was lost says nothing.
        self._writing = Writing(clock) if backend.one_writer else Writing(clock, doubt=0)
        self._claiming = self._writing if backend.one_writer else Writing(clock, doubt=0)
        self._session = DriverSession(backend.probing)
        self._version = StoreVersion(backend, self._session)
        self._peers = Peers(backend, lease.total_seconds(), clock) if shared else None
        self._probing = Probing(backend, self._session, self._writing, self._claiming, clock)
        self._confirming = Confirming(
            backend, self._version, self._writing, self.healthy, self._peers
        )
        self._opened: list[_Closable] = [self._session]

    def migrate(self) -> bool:
        """Bring the tables up to date; return whether they had to be.

        Raises:
            StoreFileError: See ``migrations.migrate``.
        """
        with self._writing:
            return migrate(self._backend.migrating)

    def is_current(self) -> bool:
        """Return whether the tables are those of this release."""
        return is_current(self._swift)

    def catalogue(
        self, authenticator: RowAuthenticator, forget: Callable[[str], None] = _nothing
    ) -> KeyCatalogue:
        """Load all keys.

        Args:
            authenticator: Makes and checks the MACs of rows.
            forget: Wipes whatever is unlocked of a key; called when the key is not any more
                what it was, and before anybody is told so.

        Raises:
            StoreUnavailable: They cannot be read.
        """
        authentic = AuthenticKeys(authenticator)
        self._begin()
        catalogue = KeyCatalogue(
            self._backend.snapshots,
            self._version,
            self._writing,
            authentic,
            self._clock,
            forget,
            self._settle,
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
        self._begin()
        api_keys = StoredApiKeys(
            self._backend.snapshots, self._version, self._writing, authentic, self._settle
        )
        self._confirming.add(api_keys.refresh)
        self._opened.append(api_keys)
        return api_keys

    def agents(self, authenticator: RowAuthenticator) -> StoredAgents:
        """Load all agents.

        Raises:
            StoreUnavailable: They cannot be read.
        """
        authentic = AuthenticAgents(authenticator)
        self._begin()
        agents = StoredAgents(
            self._backend.snapshots, self._version, self._writing, authentic, self._settle
        )
        self._confirming.add(agents.refresh)
        self._opened.append(agents)
        return agents

    def rekeying(self) -> Rekeying:
        """Return what a rotation of the KEK needs."""
        return Rekeying(self._durable, self._version, self._writing)

    def materials(self) -> StoredMaterial:
        """Return the reader of sealed private halves."""
        materials = StoredMaterial(self._swift)
        self._opened.append(materials)
        return materials

    def requests(
        self,
        authenticator: RowAuthenticator,
        retention: timedelta = timedelta(hours=24),
        quota: int = 100_000,
    ) -> RequestMemory:
        """Return the memory of request ids.

        Args:
            authenticator: Makes and checks the MACs of rows.
            retention: How long a request_id is remembered.
            quota: How many of one identity are remembered at most.

        Raises:
            StoreUnavailable: It cannot be read.
        """
        memory = RequestMemory(
            self._backend,
            self._claiming,
            authenticator,
            self._clock,
            retention,
            quota,
            shared=self._shared,
        )
        self._opened.append(memory)
        return memory

    def nonces(self, meter: Meter, lanes: int) -> StoredNonces:
        """Return what gives nonces; somebody has to renew it (``nonces.Renewal``).

        Args:
            meter: Counts steps of the clock.
            lanes: How many processes can give them at a time, 1 to 64.
        """
        writing = self._writing if self._backend.one_writer else Writing(self._clock, doubt=0)
        kept = Lanes(self._backend, writing, self._clock)
        nonces = StoredNonces(kept, lanes, TrustedTime(self._clock, meter), time.sleep)
        self._opened.append(nonces)
        return nonces

    def timetable(self) -> StoredTimetable:
        """Return what says when time brings something to keys."""
        return StoredTimetable(self._swift, self._version)

    def time_floor(self) -> StoredTimeFloor:
        """Return what keeps the time that never goes back."""
        floor = StoredTimeFloor(self._swift, self._writing)
        self._opened.append(floor)
        return floor

    def turn(self) -> BackendTurn:
        """Return what says whose turn the schedules are."""
        turn = self._backend.turn()
        self._opened.append(turn)
        return turn

    def wipe(self) -> bool:
        """See ``core.ports.Residue.wipe``."""
        with self._writing, unavailable():
            return self._backend.wipe()

    def homes(self) -> StoredHomes:
        """Return the homes that serve from this store."""
        return StoredHomes(self._durable, self._writing, self._version.stored)

    def imports(self, time: Time, most: int = 16) -> StoredImports:
        """Return the imports that were not used yet.

        Args:
            time: By which they end.
            most: How many one identity may have open.
        """
        imports = StoredImports(self._durable, self._writing, time, most)
        self._opened.append(imports)
        return imports

    def caps(
        self,
        caps: Sequence[Cap],
        authenticator: RowAuthenticator,
        accounts: AccountOf,
        meter: Meter,
        boot: str = "",
    ) -> StoredCaps:
        """Return what counts what caps count.

        Args:
            caps: All of them, by other names each.
            authenticator: Makes and checks the MACs of rows.
            accounts: Says which ledger account a version acts for.
            meter: Told of failures.
            boot: See ``spending.steady_time``.

        Raises:
            StoreUnavailable: The store cannot be read or written.
        """
        time = steady_time(self._backend, self._writing, authenticator, self._clock, boot)
        spending = Spending(self._backend, self._writing, authenticator, time, meter)
        self._opened.append(spending)
        return StoredCaps(caps, spending, accounts, meter)

    def approvals(
        self,
        authenticator: RowAuthenticator,
        time: Time,
        retention: timedelta = timedelta(hours=24),
    ) -> StoredApprovals:
        """Return the approvals of single signatures.

        Args:
            authenticator: Makes and checks the MACs of rows.
            time: By which they end.
            retention: How long a request_id is remembered.
        """
        approvals = StoredApprovals(
            self._swift, self._durable, self._writing, authenticator, time, retention
        )
        self._opened.append(approvals)
        return approvals

    def confirm(self) -> None:
        """Return if memory is what the store says, and the store takes changes (S34).

        Raises:
            StoreUnavailable: See ``Confirming.confirm``.
        """
        self._confirming.confirm()

    def listen(self, heard: Callable[[], None]) -> None:
        """Call this soon after somebody else changed something, if somebody else may."""
        if self._shared:
            self._opened.append(self._backend.news(heard))

    def healthy(self) -> bool:
        """Return whether the store can be written, as of at most a second ago."""
        return self._probing.healthy()

    def close(self) -> None:
        """Close every connection; nothing can be read or written afterwards."""
        for part in reversed(self._opened):
            part.close()
        if self._peers is not None:
            self._peers.close()
        self._backend.close()

    def _begin(self) -> None:
        self._confirming.begin()
        self._version.begin()

    def _settle(self, version: int | None) -> None:
        if self._peers is not None:
            self._peers.settle(self._version.stored() if version is None else version)
