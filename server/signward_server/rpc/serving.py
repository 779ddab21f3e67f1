"""Assembles the gRPC server from flows, files and bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from signward_server.core.identity import IdentityKind
from signward_server.core.ports import Clock, Limits, Policy
from signward_server.flows.api_key_changes import ApiKeyChanges
from signward_server.flows.freezing import Freezing
from signward_server.flows.key_changes import KeyChanges
from signward_server.flows.key_creation import KeyCreation
from signward_server.flows.key_reading import KeyReading
from signward_server.flows.reloading import Reloading
from signward_server.flows.signing import Signing
from signward_server.flows.verifying import Verifying
from signward_server.rpc.admin_service import AdminService
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.health import CHECK_HEALTH, Health
from signward_server.rpc.identity import ClientAuthority, IdentityParser
from signward_server.rpc.key_service import KeyService
from signward_server.rpc.leaf import Leaves
from signward_server.rpc.reflection import REFLECT, REFLECTION_SERVICES, Reflection
from signward_server.rpc.server import RpcServer, ServerLimits
from signward_server.rpc.sign_service import SignService
from signward_server.rpc.tls import TlsFileError, read_certificates, server_credentials

__all__ = ["ClientCaFile", "Flows", "ServerFiles", "build_server"]

_SERVICES = frozenset(
    {"signward.v1.AdminService", "signward.v1.KeyService", "signward.v1.SignService"}
)
_HEALTH_SERVICE = "grpc.health.v1.Health"


@dataclass(frozen=True, slots=True)
class ClientCaFile:
    """A bundle of CAs for client certificates.

    Attributes:
        path: PEM file.
        names: What they may assert; empty for anything.
    """

    path: Path
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFiles:
    """The PEM files of the server, and which kind of name says who calls."""

    certificate: Path
    private_key: Path
    client_cas: Sequence[ClientCaFile]
    identity: IdentityKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """The use cases that the services offer."""

    creation: KeyCreation
    reading: KeyReading
    changes: KeyChanges
    signing: Signing
    verifying: Verifying
    api_keys: ApiKeyChanges
    freezing: Freezing
    reloading: Reloading


def build_server(
    *,
    files: ServerFiles,
    bounds: ServerLimits,
    flows: Flows,
    policy: Policy,
    limits: Limits,
    clock: Clock,
    ready: Callable[[], bool],
) -> RpcServer:
    """Return a server that is ready to listen.

    Raises:
        TlsFileError: A file cannot be used; the text names it and the fix.
    """
    credentials = server_credentials(
        files.certificate, files.private_key, [ca.path for ca in files.client_cas]
    )
    health = Health(_SERVICES, ready, _guard(policy, CHECK_HEALTH))
    keys = KeyService(creation=flows.creation, reading=flows.reading, changes=flows.changes)
    signing = SignService(
        signing=flows.signing,
        verifying=flows.verifying,
        clock=clock,
        max_item_bytes=bounds.message_bytes,
        max_in_flight=bounds.stream_in_flight,
    )
    admin = AdminService(
        api_keys=flows.api_keys, freezing=flows.freezing, reloading=flows.reloading, clock=clock
    )
    described = (*_SERVICES, _HEALTH_SERVICE, *REFLECTION_SERVICES)
    reflection = Reflection(described, _guard(policy, REFLECT))
    return RpcServer(
        routes=[
            *keys.routes(),
            *signing.routes(),
            *admin.routes(),
            *health.routes(),
            *reflection.routes(),
        ],
        leaves=Leaves(_identity_parser(files).parse, clock),
        limits=limits,
        clock=clock,
        bounds=bounds,
        credentials=credentials,
        ending=health.close,
    )


def _guard(policy: Policy, action: str) -> Callable[[GrpcCall], None]:
    return lambda call: policy.authorize(call, action, None)


def _identity_parser(files: ServerFiles) -> IdentityParser:
    authorities = [
        ClientAuthority(certificate, frozenset(ca.names) or None)
        for ca in files.client_cas
        for certificate in read_certificates(ca.path)
    ]
    own = read_certificates(files.certificate)[:1]
    try:
        return IdentityParser(files.identity, authorities=authorities, server_certificates=own)
    except ValueError as exc:
        raise TlsFileError(f"tls.client_ca: {exc}") from exc
