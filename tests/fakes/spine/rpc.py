"""The services on fakes, called without a server."""

from __future__ import annotations

from signward_server.core.identity import Identity
from signward_server.rpc.account_service import AccountService
from signward_server.rpc.admin_service import AdminService
from signward_server.rpc.audit_service import AuditService
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.key_imports import KeyImports
from signward_server.rpc.key_service import KeyService
from signward_server.rpc.page_token import PageTokens
from signward_server.rpc.routes import Route
from signward_server.rpc.sign_service import SignService

from tests.fakes.spine.call import BOT
from tests.fakes.spine.context import FakeContext
from tests.fakes.spine.standing import FakeStanding
from tests.fakes.spine.world import World

__all__ = [
    "account_service",
    "admin_service",
    "audit_service",
    "grpc_call",
    "key_imports",
    "key_service",
    "routes",
    "sign_service",
]

_TOKENS = PageTokens(b"fake" * 8)


def sign_service(world: World, *, max_item_bytes: int = 1 << 17) -> SignService:
    return SignService(
        signing=world.signing,
        verifying=world.verifying,
        clock=world.clock,
        max_item_bytes=max_item_bytes,
        max_in_flight=256,
    )


def key_service(world: World) -> KeyService:
    return KeyService(
        creation=world.creation,
        changes=world.changes,
        versions=world.version_flows,
        tokens=_TOKENS,
    )


def key_imports(world: World) -> KeyImports:
    return KeyImports(parameters=world.import_parameters, imports=world.key_import)


def admin_service(world: World) -> AdminService:
    return AdminService(
        api_keys=world.api_key_changes,
        freezing=world.freezing,
        approving=world.approving,
        reloading=world.reloading,
        clock=world.clock,
        tokens=_TOKENS,
    )


def account_service(world: World) -> AccountService:
    return AccountService(world.agent_flows, _TOKENS)


def audit_service(world: World) -> AuditService:
    return AuditService(reading=world.audit_reading, proving=world.audit_proving, tokens=_TOKENS)


def routes(world: World) -> dict[str, Route]:
    """Return the routes of all services by the name of the RPC alone."""
    services = [
        sign_service(world),
        key_service(world),
        key_imports(world),
        account_service(world),
        admin_service(world),
        audit_service(world),
    ]
    found = [route for service in services for route in service.routes()]
    return {route.name.rpartition("/")[2]: route for route in found}


def grpc_call(
    world: World,
    method: str = "/signward.v1.SignService/Sign",
    *,
    identity: Identity = BOT,
    context: FakeContext | None = None,
) -> GrpcCall:
    """Return a call that has passed the identity interceptor."""
    call = GrpcCall(context or FakeContext(), method, world.endings)  # type: ignore[arg-type]
    call.standing = FakeStanding(identity)
    return call
