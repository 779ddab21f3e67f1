"""The composition root: the only place that knows all parts."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from signward_server.audit.unrecorded import Unrecorded
from signward_server.chains import all_chains
from signward_server.config import Settings
from signward_server.config.schema import Envelope, Tls
from signward_server.config.schema import Limits as LimitSettings
from signward_server.core.clock import SystemClock
from signward_server.core.identity import IdentityKind
from signward_server.core.ports import Audit, Clock, Custody, Limits, Policy, Verifier
from signward_server.core.startup import (
    AddressInUse,
    ConfigurationRefused,
)
from signward_server.custody.envelope import (
    EnvelopeCustody,
    Kek,
    KekRowAuthenticator,
    LocalKeyFile,
)
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import Native, load_native
from signward_server.custody.verification import NativeVerifier
from signward_server.flows.key_changes import KeyChanges
from signward_server.flows.key_creation import KeyCreation
from signward_server.flows.key_reading import KeyReading
from signward_server.flows.signing import Signing, SigningPorts
from signward_server.flows.verifying import Verifying
from signward_server.home.parts import translated
from signward_server.home.sealing import refuse_foreign_kek
from signward_server.limits.unlimited import NoCaps, Unlimited
from signward_server.policy.open import OpenPolicy
from signward_server.rpc.server import BindError, RpcServer, ServerLimits
from signward_server.rpc.serving import ClientCaFile, Flows, ServerFiles, build_server
from signward_server.rpc.tls import TlsFileError
from signward_server.store import Store, open_store
from signward_server.telemetry.probes import ProbeServer

__all__ = ["Bound", "Daemon", "build"]

_SWITCH_INTERVAL = 0.0005  # seconds; Python's default is ten times that


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Where a daemon listens; ``None`` for what is off."""

    tcp: str | None
    unix: Path | None
    http: str | None


@dataclass(frozen=True, slots=True)
class _Guards:
    """What stands before every call, and after it."""

    policy: Policy
    limits: Limits
    audit: Audit


class Daemon:
    """A daemon that is ready to start.

    Args:
        settings: The configuration.
        server: The gRPC server.
        readiness: Whether a signature could be made now.
        closing: Closes every part, in the right order.
    """

    def __init__(
        self, settings: Settings, server: RpcServer, readiness: Readiness, closing: ExitStack
    ) -> None:
        self._settings = settings
        self._server = server
        self._readiness = readiness
        self._closing = closing

    def start(self) -> Bound:
        """Bind every listener and serve.

        Raises:
            AddressInUse: An address cannot be bound; nothing is left running.
        """
        _tune_interpreter()
        try:
            with _startup_errors():
                return self._start()
        except BaseException:
            self.stop(0)
            raise

    def _start(self) -> Bound:
        listen = self._settings.listen
        tcp = http = None
        if listen.tcp is not None:
            tcp = listen.tcp.at(self._server.listen_tcp(str(listen.tcp)))
        if listen.unix is not None:
            self._server.listen_unix(listen.unix)
        if listen.http is not None:
            probes = ProbeServer(
                listen.http.address, listen.http.port, live=lambda: True, ready=self._readiness
            )
            self._closing.callback(probes.stop)
            http = listen.http.at(_started(probes))
        self._server.start()
        return Bound(tcp=tcp, unix=listen.unix, http=http)

    def stop(self, grace: float) -> None:
        """Refuse new calls, finish running ones within ``grace`` seconds, wipe, close."""
        self._readiness.end()
        self._server.stop(grace)
        self._closing.close()


class Readiness:
    """Whether a signature could be made now (promise 10)."""

    def __init__(self, store: Store, audit: Audit, custodies: Sequence[Custody]) -> None:
        self._store = store
        self._audit = audit
        self._custodies = custodies
        self._ended = False

    def __call__(self) -> bool:
        return (
            not self._ended
            and self._store.healthy()
            and self._audit.healthy()
            and all(custody.healthy() for custody in self._custodies)
        )

    def end(self) -> None:
        """Say no from now on."""
        self._ended = True


def build(settings: Settings, clock: Clock | None = None) -> Daemon:
    """Open every part of a daemon.

    Raises:
        StartupFailed: Says what is wrong and what to do; whatever was open is closed again.
    """
    clock = clock or SystemClock()
    with ExitStack() as opened, _startup_errors():
        native = load_native(allow_unlisted=settings.custody.envelope.allow_unlisted_libraries)
        memory = LockedMemory(native.sodium, settings.custody.envelope.locked_memory)
        opened.callback(memory.close)
        kek = LocalKeyFile(settings.custody.envelope.kek, native.sodium).load(memory)
        opened.callback(kek.close)
        store = open_store(settings.store.path, clock)
        opened.callback(store.close)
        custody = _envelope(settings.custody.envelope, native, memory, kek, store, clock)
        opened.callback(custody.close)
        guards = _Guards(OpenPolicy(), Unlimited(), Unrecorded())
        readiness = Readiness(store, guards.audit, [custody])
        server = build_server(
            files=_files(settings.tls),
            bounds=_bounds(settings.limits),
            flows=_flows(settings, store, kek, custody, NativeVerifier(native), guards, clock),
            limits=guards.limits,
            clock=clock,
            ready=readiness,
        )
        return Daemon(settings, server, readiness, opened.pop_all())
    raise AssertionError("an error ends the block above")


def _tune_interpreter() -> None:
    """Keep what was loaded at start out of every later collection, and waiting threads awake.

    A full collection walks every key of the catalogue while all threads wait. A batch holds
    the interpreter for milliseconds; a waiting thread asks for it after this interval.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_SWITCH_INTERVAL)


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
    catalogue = store.catalogue(KekRowAuthenticator(kek))
    refuse_foreign_kek(catalogue.quarantined, len(catalogue), store.materials(), kek.kek_id)
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
            )
        ),
        verifying=Verifying(
            catalogue=catalogue, chains=chains, policy=policy, limits=limits, verifier=verifier
        ),
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


def _started(probes: ProbeServer) -> int:
    try:
        return probes.start()
    except OSError as exc:
        raise AddressInUse(
            "the address of the probes cannot be bound", "choose another listen.http"
        ) from exc


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


@contextmanager
def _startup_errors() -> Iterator[None]:
    """Turn what the parts say into what an operator has to put right."""
    try:
        with translated():
            yield
    except TlsFileError as exc:
        raise ConfigurationRefused(str(exc), "") from exc
    except BindError as exc:
        raise AddressInUse(str(exc), "") from exc
