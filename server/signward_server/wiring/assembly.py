"""Puts a daemon together: every part with what it needs, and nobody else knows of them."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

from signward_server.audit.unrecorded import Unrecorded
from signward_server.chains import all_chains
from signward_server.config import Settings
from signward_server.config.schema import Envelope, Tls
from signward_server.config.schema import Limits as LimitSettings
from signward_server.core.actions import ActionGroup
from signward_server.core.clock import SystemClock
from signward_server.core.identity import IdentityKind
from signward_server.core.ports import Audit, Clock, Custody, Limits, Policy, Reloads, Verifier
from signward_server.custody.envelope import (
    EnvelopeCustody,
    Kek,
    KekRowAuthenticator,
    LocalKeyFile,
)
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import Native, load_native
from signward_server.custody.verification import NativeVerifier
from signward_server.flows.api_key_changes import ApiKeyChanges
from signward_server.flows.freezing import Freezing
from signward_server.flows.key_changes import KeyChanges
from signward_server.flows.key_creation import KeyCreation
from signward_server.flows.key_reading import KeyReading
from signward_server.flows.reloading import Reloading
from signward_server.flows.signing import Signing, SigningPorts
from signward_server.flows.verifying import Verifying
from signward_server.home.damage import log_damage
from signward_server.home.sealing import refuse_foreign_kek
from signward_server.limits.no_caps import NoCaps
from signward_server.policy.open import OpenPolicy
from signward_server.rpc.server import ServerLimits
from signward_server.rpc.serving import ClientCaFile, Flows, ServerFiles, build_server
from signward_server.store import MacSecretDigest, Store, open_store
from signward_server.telemetry.metrics import Metrics
from signward_server.wiring.daemon import Daemon, Readiness, startup_errors
from signward_server.wiring.limiting import build_limits
from signward_server.wiring.reloading import Reloader

__all__ = ["build"]


@dataclass(frozen=True, slots=True)
class _Guards:
    """What stands before every call, and after it."""

    policy: Policy
    limits: Limits
    audit: Audit
    reloads: Reloads


def build(settings: Settings, clock: Clock | None = None) -> Daemon:
    """Open every part of a daemon.

    Raises:
        StartupFailed: Says what is wrong and what to do; whatever was open is closed again.
    """
    clock = clock or SystemClock()
    with ExitStack() as opened, startup_errors():
        native = load_native(allow_unlisted=settings.custody.envelope.allow_unlisted_libraries)
        memory = LockedMemory(native.sodium, settings.custody.envelope.locked_memory)
        opened.callback(memory.close)
        kek = LocalKeyFile(settings.custody.envelope.kek, native.sodium).load(memory)
        opened.callback(kek.close)
        store = open_store(settings.store.path, clock)
        opened.callback(store.close)
        custody = _envelope(settings.custody.envelope, native, memory, kek, store, clock)
        opened.callback(custody.close)
        metrics = Metrics()
        limits = build_limits(settings.rate_limits, clock, metrics, opened)
        guards = _Guards(OpenPolicy(), limits, Unrecorded(), Reloader({}, metrics))
        readiness = Readiness(store, guards.audit, [custody])
        server = build_server(
            files=_files(settings.tls),
            bounds=_bounds(settings.limits),
            flows=_flows(settings, store, kek, custody, NativeVerifier(native), guards, clock),
            policy=guards.policy,
            limits=guards.limits,
            clock=clock,
            ready=readiness,
        )
        return Daemon(settings, server, readiness, metrics, opened.pop_all())
    raise AssertionError("an error ends the block above")


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


def _flows(
    settings: Settings,
    store: Store,
    kek: Kek,
    custody: Custody,
    verifier: Verifier,
    guards: _Guards,
    clock: Clock,
) -> Flows:
    bounds = settings.limits
    rows = KekRowAuthenticator(kek)
    catalogue = store.catalogue(rows)
    refuse_foreign_kek(catalogue.quarantined, len(catalogue), store.materials(), kek.kek_id)
    log_damage(catalogue.quarantined)
    requests = store.requests(bounds.request_id_retention, bounds.request_ids_per_identity)
    chains = all_chains(order_window_ms=_ms(settings.order.timestamp_window))
    custodies = {custody.kind: custody}
    max_unlock_ttl = settings.custody.envelope.max_unlock_ttl
    policy, limits, audit = guards.policy, guards.limits, guards.audit
    return Flows(
        creation=KeyCreation(
            catalogue=catalogue,
            custodies=custodies,
            purposes=frozenset().union(*(chain.purposes for chain in chains.values())),
            policy=policy,
            audit=audit,
            clock=clock,
            max_unlock_ttl=max_unlock_ttl,
        ),
        reading=KeyReading(catalogue=catalogue, policy=policy),
        changes=KeyChanges(
            catalogue=catalogue,
            custodies=custodies,
            policy=policy,
            audit=audit,
            max_unlock_ttl=max_unlock_ttl,
        ),
        signing=Signing(
            SigningPorts(
                catalogue=catalogue,
                chains=chains,
                custodies=custodies,
                policy=policy,
                caps=NoCaps(),
                limits=limits,
                audit=audit,
                requests=requests,
                clock=clock,
                cancelling=frozenset(
                    action.name
                    for chain in chains.values()
                    for action in chain.actions
                    if ActionGroup.CANCEL in action.groups
                ),
            )
        ),
        verifying=Verifying(catalogue=catalogue, chains=chains, policy=policy, verifier=verifier),
        api_keys=ApiKeyChanges(
            api_keys=store.api_keys(rows),
            digest=MacSecretDigest(rows),
            policy=policy,
            audit=audit,
            clock=clock,
            random=secrets.token_bytes,
        ),
        freezing=Freezing(catalogue=catalogue, custodies=custodies, policy=policy, audit=audit),
        reloading=Reloading(reloads=guards.reloads, policy=policy, audit=audit),
    )


def _files(tls: Tls) -> ServerFiles:
    return ServerFiles(
        certificate=tls.certificate,
        private_key=tls.private_key,
        client_cas=[ClientCaFile(ca.file, ca.names) for ca in tls.client_ca],
        identity=IdentityKind(tls.identity),
    )


def _bounds(limits: LimitSettings) -> ServerLimits:
    return ServerLimits(
        threads=limits.unary_threads,
        queue=limits.queue,
        streams=limits.streams,
        streams_per_identity=limits.streams_per_identity,
        message_bytes=limits.message_bytes,
        batch_bytes=limits.batch_bytes,
        stream_in_flight=limits.stream_ids,
        metadata_bytes=limits.metadata_bytes,
        streams_per_connection=limits.streams_per_connection,
        handshake=limits.handshake_timeout.total_seconds(),
        reception=limits.reception_timeout.total_seconds(),
        connection_idle=limits.connection_idle.total_seconds(),
        connection_age=limits.connection_age.total_seconds(),
        connection_age_grace=limits.connection_age_grace.total_seconds(),
    )


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
