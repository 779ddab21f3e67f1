"""Opens what gives nonces."""

from __future__ import annotations

from contextlib import ExitStack

from signward_server.config import Settings
from signward_server.core.ports import Meter
from signward_server.core.workers import Worker
from signward_server.store import Store
from signward_server.store.nonces import Renewal, StoredNonces

__all__ = ["open_nonces"]

_SHARED_LANES = 8


def open_nonces(
    settings: Settings, store: Store, worker: Worker, meter: Meter, opened: ExitStack
) -> StoredNonces:
    """Return what gives nonces, kept ahead until it is closed.

    Args:
        settings: The configuration.
        store: Where it is kept which ones are given.
        worker: Which process this is, of how many.
        meter: Counts steps of the clock.
        opened: Takes what ends it.
    """
    processes = worker.count if worker.alone else worker.count + 1  # one stands in for another
    least = _SHARED_LANES if settings.store.url else 1
    lanes = settings.hyperliquid.nonce_lanes or max(processes, least)
    nonces = store.nonces(meter, lanes)
    opened.callback(Renewal(nonces.renew).close)
    return nonces
