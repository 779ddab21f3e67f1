"""Puts a daemon together: every part with what it needs, and nobody else knows of them."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from functools import partial

from signward_server.audit.all_logs import AllLogs
from signward_server.audit.log import Log
from signward_server.audit.uploader import Uploader
from signward_server.config import Settings
from signward_server.config.schema import Limits as LimitSettings
from signward_server.core.ports import Clock, Meter, ReloadPart
from signward_server.core.workers import Worker
from signward_server.flows.api_key_authentication import ApiKeyAuthentication
from signward_server.flows.import_purging import ImportPurging
from signward_server.flows.process_api_key import process_api_key
from signward_server.home.caps import caps_of
from signward_server.home.policies import load_policies, require_groups
from signward_server.home.reference_prices import ReferencePrices
from signward_server.home.tls_settings import certificate_source
from signward_server.limits.rules import RuledLimits
from signward_server.policy.engine import CedarPolicy
from signward_server.policy.groups import Groups
from signward_server.rpc.bounds import ServerLimits
from signward_server.rpc.endings import Endings
from signward_server.rpc.serving import build_server
from signward_server.rpc.tls import Certificates
from signward_server.telemetry.metrics import Metrics
from signward_server.wiring.auditing import open_audit, start_uploading
from signward_server.wiring.daemon import Daemon, startup_errors
from signward_server.wiring.everywhere import ReloadsEverywhere
from signward_server.wiring.gauges import Parts, show
from signward_server.wiring.health import Liveness, Readiness
from signward_server.wiring.limiting import build_failures, build_limits
from signward_server.wiring.parts import (
    CertificatesPart,
    GroupsPart,
    LimitsPart,
    LogPart,
    PolicyPart,
    SettingsSource,
)
from signward_server.wiring.process import Process
from signward_server.wiring.references import ReferencesPart, open_references
from signward_server.wiring.reloading import Part, Reloader
from signward_server.wiring.scheduling import EachSecond, build_schedules
from signward_server.wiring.standing import kept_checkpoint
from signward_server.wiring.supplies import Guards, Stores
from signward_server.wiring.telemetry import start_telemetry
from signward_server.wiring.use_cases import build_flows
from signward_server.wiring.vault import Vault, open_vault

__all__ = ["build"]

_log = logging.getLogger(__name__)


def build(settings: Settings, source: SettingsSource, process: Process) -> Daemon:
    """Open every part of a daemon.

    Args:
        settings: The configuration.
        source: Where it came from, for what is read again.
        process: What this process was given besides.

    Raises:
        StartupFailed: Says what is wrong and what to do; whatever was open is closed again.
    """
    clock, worker, others = process.clock, process.worker, process.others
    with ExitStack() as opened, startup_errors():
        metrics = Metrics()
        liveness = Liveness()
        spans = start_telemetry(settings.telemetry, metrics, liveness, opened, worker)
        uploader = start_uploading(settings.audit, opened, worker)
        certificates = Certificates(certificate_source(settings.tls), clock)
        opened.callback(certificates.close)
        policy = _policy(settings, clock, metrics)
        vault = open_vault(settings, process, metrics, opened)
        limits = build_limits(settings.rate_limits, clock, metrics, opened, worker.count)
        audit, logs = _audit(settings, vault, process, metrics, uploader, opened)
        schedules = build_schedules(vault, audit, clock, metrics, settings.keys.announce)
        prices = settings.hyperliquid
        references = open_references(
            prices.reference_prices, prices.reference_max_age, clock, metrics
        )
        parts = _reloaded(settings, source, policy, certificates, limits, references)
        reloader = Reloader(parts, metrics, audit)
        reloads = ReloadsEverywhere(reloader, others) if others else reloader
        guards = Guards(
            policy=policy,
            limits=limits,
            audit=audit,
            logs=logs,
            reloads=reloads,
            references=references,
        )
        liveness.watch("store-lease", lambda: vault.lease.alive)
        liveness.watch("nonces", lambda: vault.renewal.alive)
        liveness.watch("audit", lambda: audit.alive)
        readiness = Readiness(vault.lease, audit, [vault.custody], certificates, liveness)
        server = build_server(
            certificates=certificates,
            api_keys=_api_keys(vault.stores, clock, process.api_key),
            failures=build_failures(settings.rate_limits, clock, metrics, audit, opened),
            anonymous_health=settings.health.anonymous,
            bounds=_bounds(settings.limits, worker),
            flows=build_flows(
                settings,
                vault.stores,
                vault.custody,
                vault.custody,
                vault.verifier,
                guards,
                clock,
            ),
            policy=policy,
            limits=limits,
            endings=Endings(audit=audit, spans=spans, meter=metrics, clock=clock),
            clock=clock,
            ready=readiness,
            page_key=vault.page_key,
        )
        show(metrics, Parts(certificates, vault, policy, readiness, server, schedules))
        purging = ImportPurging(vault.stores.imports, clock)
        numbering = partial(vault.nonces.look, audit)
        ticking = EachSecond([schedules.look, purging.look, numbering], "schedules")
        opened.callback(ticking.stop)
        return Daemon(
            settings, server, readiness, liveness, metrics, reloader, ticking, opened.pop_all()
        )
    raise AssertionError("an error ends the block above")


def _audit(
    settings: Settings,
    vault: Vault,
    process: Process,
    meter: Meter,
    uploader: Uploader | None,
    opened: ExitStack,
) -> tuple[Log, AllLogs]:
    """Open the audit log, if it goes on from what is known of it."""
    begun, first = vault.begun, process.worker.number == 0
    seen = (vault.standing.adoption.seen(begun), kept_checkpoint(settings)) if begun else ()
    log, logs = open_audit(
        settings.audit,
        process.clock,
        meter,
        uploader,
        opened,
        process.worker,
        since=[each for each in seen if each and first],
        facts={"home": begun.home, "generation": begun.generation} if begun else {},
    )
    if begun and first:
        vault.standing.remember(begun, log, opened)
    return log, logs


def _policy(settings: Settings, clock: Clock, meter: Meter) -> CedarPolicy:
    groups = Groups(settings.groups.members)
    policies = load_policies(settings.policy.folder, caps_of(settings))
    require_groups(policies, groups.names, settings.policy.folder)
    return CedarPolicy(policies, groups, clock, meter)


def _reloaded(
    settings: Settings,
    source: SettingsSource,
    policy: CedarPolicy,
    certificates: Certificates,
    limits: RuledLimits,
    references: ReferencePrices,
) -> dict[ReloadPart, Part]:
    """Return what can change while the daemon runs."""
    agent, caps = settings.tls.spiffe_socket, caps_of(settings)
    return {
        ReloadPart.POLICY: PolicyPart(policy, settings.policy.folder, source, caps),
        ReloadPart.CERTIFICATES: CertificatesPart(certificates, source, agent),
        ReloadPart.LIMITS: LimitsPart(limits, source),
        ReloadPart.GROUPS: GroupsPart(policy, settings.policy.folder, source, caps),
        ReloadPart.LOG: LogPart(settings.log.level, source),
        ReloadPart.REFERENCES: ReferencesPart(references),
    }


def _api_keys(stores: Stores, clock: Clock, secret: str) -> ApiKeyAuthentication:
    digest = stores.secret_digest
    extra = None
    if secret:
        extra = process_api_key(secret, digest, clock)
        _log.warning("API_KEY is valid while this process lives; see `signward apikey import`")
    return ApiKeyAuthentication(api_keys=stores.api_keys, digest=digest, clock=clock, extra=extra)


def _bounds(limits: LimitSettings, worker: Worker) -> ServerLimits:
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
        connections_per_address=limits.connections_per_address,
        handshake=limits.handshake_timeout.total_seconds(),
        reception=limits.reception_timeout.total_seconds(),
        connection_idle=limits.connection_idle.total_seconds(),
        connection_age=limits.connection_age.total_seconds(),
        connection_age_grace=limits.connection_age_grace.total_seconds(),
        shared_port=not worker.alone,
    )
