"""Several processes that serve from one store, as far as the store sees them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from signward_server.core.clock import SystemClock
from signward_server.core.keys import Freeze
from signward_server.store import (
    KeyCatalogue,
    Store,
    StoreAddress,
    StoredAgents,
    StoredApiKeys,
    StoreLease,
    open_store,
)

from tests.fakes.meter import FakeMeter
from tests.fakes.row_authenticator import HmacRows

__all__ = ["LEASE", "Sharer", "sharing"]

LEASE = timedelta(seconds=1)


@dataclass(slots=True)
class Sharer:
    """One of them.

    Attributes:
        forgotten: Ids of the keys whose secrets were wiped, in order.
    """

    store: Store
    catalogue: KeyCatalogue
    api_keys: StoredApiKeys
    agents: StoredAgents
    lease: StoreLease
    forgotten: list[str] = field(default_factory=list)

    def signs(self, key_id: str) -> bool:
        """Return whether it would sign with a key, by what it knows."""
        key = self.catalogue.get(key_id)
        return self.lease.held and key is not None and key.freeze is Freeze.NONE


@contextmanager
def sharing(place: Path | StoreAddress, lease: timedelta = LEASE) -> Iterator[Sharer]:
    """Open a store as a process does that is one of several."""
    clock = SystemClock()
    store = open_store(place, clock, shared=True, lease=lease)
    forgotten: list[str] = []
    try:
        catalogue = store.catalogue(HmacRows(), forgotten.append)
        api_keys, agents = store.api_keys(HmacRows()), store.agents(HmacRows())
        keeper = StoreLease(store.confirm, lease.total_seconds(), clock, FakeMeter())
        keeper.start()
        try:
            store.listen(keeper.wake)
            yield Sharer(store, catalogue, api_keys, agents, keeper, forgotten)
        finally:
            keeper.stop()
    finally:
        store.close()
