"""Opens what holds the keys: locked memory, the KEK, the store, and the custody on top of them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field

from signward_server.config import Settings
from signward_server.config.schema import Envelope
from signward_server.core.ports import Clock, Meter
from signward_server.core.workers import Worker
from signward_server.custody.envelope import (
    EnvelopeCustody,
    Kek,
    KekRowAuthenticator,
)
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import Native, load_native
from signward_server.custody.verification import NativeVerifier
from signward_server.flows.schedules import KeptTime
from signward_server.home.damage import log_damage
from signward_server.home.instance import Instance
from signward_server.home.kek import kek_provider
from signward_server.home.sealing import refuse_foreign_kek, refuse_unfinished_rotation
from signward_server.home.store_place import store_place
from signward_server.store import KeyCatalogue, Store, StoreLease, open_store
from signward_server.store.nonces import Renewal, StoredNonces
from signward_server.wiring.agents import AgentParts
from signward_server.wiring.caps import build_caps
from signward_server.wiring.digesting import secret_digest
from signward_server.wiring.numbering import open_nonces
from signward_server.wiring.process import Process
from signward_server.wiring.standing import Standing, open_standing
from signward_server.wiring.supplies import Stores

__all__ = ["Vault", "open_vault"]


# What the key of page tokens is the MAC of; no row begins with the same bytes.
_PAGE_TOKENS = b"signward.page-token.v1\0"


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
        nonces: What numbers signatures.
        renewal: Keeps that ahead of time.
        time: By which versions end; it never goes back, over restarts too.
        stores: All of it as the use cases need it.
        page_key: Authenticates page tokens, 32 bytes; the same in all workers.
        standing: What tells the home from a copy of it.
        begun: What it knows of itself since this start; ``None`` in another worker than the
            first one, when that has not started yet for the first time.
    """

    memory: LockedMemory
    custody: EnvelopeCustody
    verifier: NativeVerifier
    catalogue: KeyCatalogue
    lease: StoreLease
    store: Store
    nonces: StoredNonces
    renewal: Renewal
    time: KeptTime
    stores: Stores
    page_key: bytes = field(repr=False)
    standing: Standing
    begun: Instance | None


def open_vault(settings: Settings, process: Process, meter: Meter, opened: ExitStack) -> Vault:
    """Open it, if the home is the one that signs.

    Args:
        settings: The configuration.
        process: What this process was given besides.
        meter: Counts failures of the store.
        opened: Takes what closes it again, wiped.

    Raises:
        StartupFailed: Says what is wrong and what to do.
    """
    section, clock = settings.custody.envelope, process.clock
    native = load_native(allow_unlisted=section.allow_unlisted_libraries)
    memory = LockedMemory(native.sodium, section.locked_memory)
    opened.callback(memory.close)
    kek = kek_provider(section, native.sodium, process.kek).load(memory)
    opened.callback(kek.close)
    place, seconds = store_place(settings.store), settings.store.lease
    store = open_store(place, clock, shared=not process.worker.alone, lease=seconds)
    opened.callback(store.close)
    custody = _envelope(section, native, memory, kek, store, clock)
    opened.callback(custody.close)
    refuse_unfinished_rotation(store.rekeying())
    rows = KekRowAuthenticator(kek)
    catalogue = _catalogue(store, rows, kek, custody)
    standing = open_standing(settings, process.home, store.homes(), rows)
    begun = _begun(standing, process.worker)
    api_keys, register = store.api_keys(rows), store.agents(rows)
    lease = StoreLease(store.confirm, seconds.total_seconds(), clock, meter)
    lease.start()
    opened.callback(lease.stop)
    store.listen(lease.wake)
    bounds = settings.limits
    nonces, renewal = open_nonces(settings, process.worker, store, meter, opened)
    time = KeptTime(clock, store.time_floor())
    agents = AgentParts.of(catalogue, register, clock, time)
    stores = Stores(
        catalogue=catalogue,
        requests=store.requests(rows, bounds.request_id_retention, bounds.request_ids_per_identity),
        nonces=nonces,
        approvals=store.approvals(rows, time, bounds.request_id_retention),
        api_keys=api_keys,
        agents=agents,
        imports=store.imports(time.onward, bounds.imports_per_identity),
        caps=build_caps(settings, store, rows, agents.accounts, meter),
        secret_digest=secret_digest(native, memory, kek, store, opened),
        lease=lease,
        onward=time,
    )
    return Vault(
        memory=memory,
        custody=custody,
        verifier=NativeVerifier(native),
        catalogue=catalogue,
        lease=lease,
        store=store,
        nonces=nonces,
        renewal=renewal,
        time=time,
        stores=stores,
        page_key=rows.tag(_PAGE_TOKENS),
        standing=standing,
        begun=begun,
    )


def _begun(standing: Standing, worker: Worker) -> Instance | None:
    """Count a start, once for all workers, and see in each that the home is the one that signs."""
    adoption = standing.adoption
    return adoption.ensure_adopted() if worker.number else adoption.begin()


def _catalogue(
    store: Store, rows: KekRowAuthenticator, kek: Kek, custody: EnvelopeCustody
) -> KeyCatalogue:
    catalogue = store.catalogue(rows, custody.forget)
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
