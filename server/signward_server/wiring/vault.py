"""Opens what holds the keys: locked memory, the KEK, the store, and the custody on top of them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from signward_server.config import Settings
from signward_server.config.schema import Envelope
from signward_server.core.clock import Onward
from signward_server.core.ports import Clock, Meter
from signward_server.custody.envelope import (
    EnvelopeCustody,
    Kek,
    KekRowAuthenticator,
)
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import Native, load_native
from signward_server.custody.verification import NativeVerifier
from signward_server.flows.schedules import begin_time
from signward_server.home.damage import log_damage
from signward_server.home.instance import Instance
from signward_server.home.kek import KekAccess, kek_provider
from signward_server.home.sealing import refuse_foreign_kek, refuse_unfinished_rotation
from signward_server.store import KeyCatalogue, Store, StoreLease, open_store
from signward_server.wiring.digesting import secret_digest
from signward_server.wiring.standing import Standing, open_standing
from signward_server.wiring.use_cases import Stores

__all__ = ["Vault", "open_vault"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """Keys, and all that outlives the process.

    Attributes:
        memory: Where private halves are, while they are open.
        custody: Signs with them.
        verifier: Checks signatures.
        catalogue: All keys.
        lease: Whether what is known of the store still holds.
        store: The store itself.
        onward: The time by which versions end; it never goes back, over restarts too.
        stores: All of it as the use cases need it.
        standing: What tells the home from a copy of it.
        begun: What it knows of itself since this start.
    """

    memory: LockedMemory
    custody: EnvelopeCustody
    verifier: NativeVerifier
    catalogue: KeyCatalogue
    lease: StoreLease
    store: Store
    onward: Onward
    stores: Stores
    standing: Standing
    begun: Instance


def open_vault(
    settings: Settings,
    home: Path,
    clock: Clock,
    meter: Meter,
    opened: ExitStack,
    access: KekAccess,
) -> Vault:
    """Open it, if the home is the one that signs.

    Args:
        settings: The configuration.
        home: Folder of the daemon.
        clock: Time.
        meter: Counts failures of the store.
        opened: Takes what closes it again, wiped.
        access: How this process comes to its KEK.

    Raises:
        StartupFailed: Says what is wrong and what to do.
    """
    section = settings.custody.envelope
    native = load_native(allow_unlisted=section.allow_unlisted_libraries)
    memory = LockedMemory(native.sodium, section.locked_memory)
    opened.callback(memory.close)
    kek = kek_provider(section, native.sodium, access).load(memory)
    opened.callback(kek.close)
    store = open_store(settings.store.path, clock)
    opened.callback(store.close)
    custody = _envelope(section, native, memory, kek, store, clock)
    opened.callback(custody.close)
    refuse_unfinished_rotation(store.rekeying())
    rows = KekRowAuthenticator(kek)
    catalogue = _catalogue(store, rows, kek)
    standing = open_standing(settings, home, store.homes(), rows)
    begun = standing.adoption.begin()
    lease = StoreLease(store.confirm, settings.store.lease.total_seconds(), clock, meter)
    lease.start()
    opened.callback(lease.stop)
    bounds = settings.limits
    stores = Stores(
        catalogue=catalogue,
        requests=store.requests(bounds.request_id_retention, bounds.request_ids_per_identity),
        api_keys=store.api_keys(rows),
        secret_digest=secret_digest(native, memory, kek, store, opened),
        lease=lease,
    )
    return Vault(
        memory=memory,
        custody=custody,
        verifier=NativeVerifier(native),
        catalogue=catalogue,
        lease=lease,
        store=store,
        onward=begin_time(clock, store.time_floor()),
        stores=stores,
        standing=standing,
        begun=begun,
    )


def _catalogue(store: Store, rows: KekRowAuthenticator, kek: Kek) -> KeyCatalogue:
    catalogue = store.catalogue(rows)
    refuse_foreign_kek(catalogue.quarantined, len(catalogue), store.rekeying(), kek.kek_id)
    log_damage(catalogue.quarantined)
    return catalogue


def _envelope(
    section: Envelope,
    native: Native,
    memory: LockedMemory,
    kek: Kek,
    store: Store,
    clock: Clock,
) -> EnvelopeCustody:
    return EnvelopeCustody(
        native=native,
        kek=kek,
        materials=store.materials(),
        memory=memory,
        clock=clock,
        default_unlock_ttl=section.default_unlock_ttl,
        max_unlock_ttl=section.max_unlock_ttl,
    )
