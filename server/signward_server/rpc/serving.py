"""Assembles the gRPC server from flows, files and bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from signward_server.core.ports import AuthenticationFailures, Clock, Limits, Policy
from signward_server.flows.api_key_authentication import ApiKeyAuthentication
from signward_server.flows.api_key_changes import ApiKeyChanges
from signward_server.flows.approving import Approving
from signward_server.flows.audit_proving import AuditProving
from signward_server.flows.audit_reading import AuditReading
from signward_server.flows.freezing import Freezing
from signward_server.flows.import_parameters import ImportParameters
from signward_server.flows.key_changes import KeyChanges
from signward_server.flows.key_creation import KeyCreation
from signward_server.flows.key_import import KeyImport
from signward_server.flows.reloading import Reloading
from signward_server.flows.signing import Signing
from signward_server.flows.verifying import Verifying
from signward_server.rpc.account_service import AccountService, AgentFlows
from signward_server.rpc.admin_service import AdminService
from signward_server.rpc.audit_service import AuditService
from signward_server.rpc.authentication import Authenticator
from signward_server.rpc.bounds import ServerLimits
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.endings import Endings
from signward_server.rpc.health import CHECK_HEALTH, Health
from signward_server.rpc.key_imports import KeyImports
from signward_server.rpc.key_service import KeyService
from signward_server.rpc.key_versions import VersionFlows
from signward_server.rpc.page_token import PageTokens
from signward_server.rpc.reflection import REFLECT, REFLECTION_SERVICES, Reflection
from signward_server.rpc.server import RpcServer
from signward_server.rpc.sign_service import SignService
from signward_server.rpc.tls import Certificates

__all__ = ["Flows", "build_server"]

_SERVICES = frozenset(
    {
        "signward.v1.AccountService",
        "signward.v1.AdminService",
        "signward.v1.KeyService",
        "signward.v1.SignService",
    }
)
_HEALTH_SERVICE = "grpc.health.v1.Health"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """The use cases that the services offer."""

    creation: KeyCreation
    imports: KeyImport
    import_parameters: ImportParameters
    changes: KeyChanges
    versions: VersionFlows
    signing: Signing
    verifying: Verifying
    api_keys: ApiKeyChanges
    freezing: Freezing
    approving: Approving
    reloading: Reloading
    agents: AgentFlows
    audit_reading: AuditReading
    audit_proving: AuditProving


def build_server(
    *,
    certificates: Certificates,
    api_keys: ApiKeyAuthentication,
    failures: AuthenticationFailures,
    anonymous_health: bool,
    bounds: ServerLimits,
    flows: Flows,
    policy: Policy,
    limits: Limits,
    endings: Endings,
    clock: Clock,
    ready: Callable[[], bool],
    page_key: bytes,
) -> RpcServer:
    """Return a server that is ready to listen; ``page_key`` is that of ``PageTokens``."""
    tokens = PageTokens(page_key)
    guard = None if anonymous_health else _guard(policy, CHECK_HEALTH)
    health = Health(_SERVICES, ready, guard)
    keys = KeyService(
        creation=flows.creation, changes=flows.changes, versions=flows.versions, tokens=tokens
    )
    imports = KeyImports(parameters=flows.import_parameters, imports=flows.imports)
    signing = SignService(
        signing=flows.signing,
        verifying=flows.verifying,
        clock=clock,
        max_item_bytes=bounds.message_bytes,
        max_in_flight=bounds.stream_in_flight,
    )
    admin = AdminService(
        api_keys=flows.api_keys,
        freezing=flows.freezing,
        approving=flows.approving,
        reloading=flows.reloading,
        clock=clock,
        tokens=tokens,
    )
    log = AuditService(reading=flows.audit_reading, proving=flows.audit_proving, tokens=tokens)
    described = (*_SERVICES, _HEALTH_SERVICE, *REFLECTION_SERVICES)
    reflection = Reflection(described, _guard(policy, REFLECT), limits)
    return RpcServer(
        routes=[
            *keys.routes(),
            *imports.routes(),
            *signing.routes(),
            *admin.routes(),
            *AccountService(flows.agents, tokens).routes(),
            *log.routes(),
            *health.routes(),
            *reflection.routes(),
        ],
        authenticator=Authenticator(certificates.trusted, api_keys, clock),
        failures=failures,
        limits=limits,
        endings=endings,
        clock=clock,
        bounds=bounds,
        certificates=certificates,
        ending=_each(health.close, log.close),
    )


def _guard(policy: Policy, action: str) -> Callable[[GrpcCall], None]:
    def guard(call: GrpcCall) -> None:
        policy.authorize(call, action, None)

    return guard


def _each(*endings: Callable[[], None]) -> Callable[[], None]:
    def ending() -> None:
        for end in endings:
            end()

    return ending
