"""Opens what numbers signatures."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final

from signward_server.config import Settings
from signward_server.core.ports import Meter
from signward_server.core.workers import Worker
from signward_server.store import Store
from signward_server.store.nonces import Renewal, StoredNonces

__all__ = ["open_nonces"]

_SHARED: Final = 8  # lanes where daemons share a database


def open_nonces(
    settings: Settings, worker: Worker, store: Store, meter: Meter, opened: ExitStack
) -> tuple[StoredNonces, Renewal]:
    """Return it, and what keeps it ahead of time.

    Args:
        settings: The configuration.
        worker: Which of how many this process is.
        store: Where lanes are kept.
        meter: Counts steps of the clock.
        opened: Takes what ends it.
    """
    nonces = store.nonces(meter, settings.hyperliquid.nonce_lanes or _lanes(settings, worker))
    renewal = Renewal(nonces.renew)
    opened.callback(renewal.close)
    return nonces, renewal


def _lanes(settings: Settings, worker: Worker) -> int:
    if settings.store.url:
        return _SHARED
    return 1 if worker.alone else worker.count + 1  # one for the worker that stands in
