"""Opens what holds the keys: locked memory, the KEK, the store, and the custody on top of them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from signward_server.config import Settings
from signward_server.config.schema import Envelope
from signward_server.core.ports import Clock, Meter
from signward_server.custody.envelope import (
    EnvelopeCustody,
    Kek,
    KekRowAuthenticator,
    LocalKeyFile,
)
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import Native, load_native
from signward_server.custody.verification import NativeVerifier
from signward_server.home.damage import log_damage
from signward_server.home.sealing import refuse_foreign_kek
from signward_server.store import KeyCatalogue, MacSecretDigest, Store, StoreLease, open_store
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
        stores: All of it as the use cases need it.
    """

    memory: LockedMemory
    custody: EnvelopeCustody
    verifier: NativeVerifier
    catalogue: KeyCatalogue
    lease: StoreLease
    stores: Stores


def open_vault(settings: Settings, clock: Clock, meter: Meter, opened: ExitStack) -> Vault:
    """Open it.

    Args:
        settings: The configuration.
        clock: Time.
        meter: Counts failures of the store.
        opened: Takes what closes it again, wiped.

    Raises:
        StartupFailed: Says what is wrong and what to do.
    """
    section = settings.custody.envelope
    native = load_native(allow_unlisted=section.allow_unlisted_libraries)
    memory = LockedMemory(native.sodium, section.locked_memory)
    opened.callback(memory.close)
    kek = LocalKeyFile(section.kek, native.sodium).load(memory)
    opened.callback(kek.close)
    store = open_store(settings.store.path, clock)
    opened.callback(store.close)
    custody = _envelope(section, native, memory, kek, store, clock)
    opened.callback(custody.close)
    rows = KekRowAuthenticator(kek)
    catalogue = _catalogue(store, rows, kek)
    lease = StoreLease(store.confirm, settings.store.lease.total_seconds(), clock, meter)
    lease.start()
    opened.callback(lease.stop)
    bounds = settings.limits
    stores = Stores(
        catalogue=catalogue,
        requests=store.requests(bounds.request_id_retention, bounds.request_ids_per_identity),
        api_keys=store.api_keys(rows),
        imports=store.imports(bounds.imports_per_identity),
        secret_digest=MacSecretDigest(rows),
        lease=lease,
    )
    return Vault(
        memory=memory,
        custody=custody,
        verifier=NativeVerifier(native),
        catalogue=catalogue,
        lease=lease,
        stores=stores,
    )


def _catalogue(store: Store, rows: KekRowAuthenticator, kek: Kek) -> KeyCatalogue:
    catalogue = store.catalogue(rows)
    refuse_foreign_kek(catalogue.quarantined, len(catalogue), store.materials(), kek.kek_id)
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
