"""The real server on loopback, in this process, with everything behind it fake."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc
from google.rpc import error_details_pb2, status_pb2
from signward.v1 import admin_service_pb2_grpc, key_service_pb2_grpc, sign_service_pb2_grpc
from signward_server.core.identity import IdentityKind
from signward_server.flows.api_key_authentication import ApiKeyAuthentication
from signward_server.rpc.authentication import Authenticator
from signward_server.rpc.bounds import ServerLimits
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.file_source import FileSource
from signward_server.rpc.health import CHECK_HEALTH, Health
from signward_server.rpc.reflection import REFLECT, REFLECTION_SERVICES, Reflection
from signward_server.rpc.routes import Route
from signward_server.rpc.server import RpcServer
from signward_server.rpc.tls import Certificates
from signward_server.rpc.tls_files import ClientCaFile, ServerFiles

from tests.fakes.spine.clock import MovingClock
from tests.fakes.spine.judges import FakeFailures
from tests.fakes.spine.rpc import (
    account_service,
    admin_service,
    audit_service,
    key_imports,
    key_service,
    sign_service,
)
from tests.fakes.spine.tls import Issued, TestAuthority
from tests.fakes.spine.world import World

__all__ = ["BOUNDS", "SERVICES", "Served", "details", "eventually", "reason", "serve"]

SERVICES = (
    "signward.v1.AccountService",
    "signward.v1.AdminService",
    "signward.v1.KeyService",
    "signward.v1.SignService",
)
BOUNDS = {
    "threads": 4,
    "queue": 16,
    "streams": 4,
    "streams_per_identity": 3,
    "message_bytes": 128 << 10,
    "batch_bytes": 1 << 20,
    "stream_in_flight": 256,
    "metadata_bytes": 8192,
    "streams_per_connection": 100,
    "connections_per_address": 0,
    "handshake": 3.0,
    "reception": 0.2,
    "connection_idle": 600.0,
    "connection_age": 600.0,
    "connection_age_grace": 10.0,
}


@dataclass
class Served:
    """A running server and the way to it.

    Attributes:
        world: What is behind it.
        health: Its health service.
        server: The server.
        port: Where it listens.
        api_key_port: Where it listens for callers without a certificate.
        certificates: What it believes, from files that a test may change.
        files: These files, by name.
        failures: Who could not show who it is.
        authority: Who issues certificates that it accepts.
        ready: What it says of its readiness.
        routes: Its RPCs.
    """

    world: World
    health: Health
    server: RpcServer
    port: int
    api_key_port: int
    certificates: Certificates
    files: dict[str, Path]
    failures: FakeFailures
    authority: TestAuthority
    ready: list[bool]
    routes: list[Route]
    channels: list[grpc.Channel]

    def channel(
        self,
        name: str = "bot",
        *,
        issued: Issued | None = None,
        target: str = "",
        window: bool = True,
    ) -> grpc.Channel:
        """Open a connection of its own as this caller; its window may stay at 64 KiB."""
        issued = issued or self.authority.client(name)
        credentials = grpc.ssl_channel_credentials(
            self.authority.pem, issued.key, issued.certificate
        )
        options: list[tuple[str, int | str]] = [
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.http2.bdp_probe", int(window)),
        ]
        if target:
            options.append(("grpc.ssl_target_name_override", "localhost"))
        channel = grpc.secure_channel(target or f"localhost:{self.port}", credentials, options)
        self.channels.append(channel)
        return channel

    def signing(self, name: str = "bot") -> sign_service_pb2_grpc.SignServiceStub:
        return sign_service_pb2_grpc.SignServiceStub(self.channel(name))

    def keys(self, name: str = "bot") -> key_service_pb2_grpc.KeyServiceStub:
        return key_service_pb2_grpc.KeyServiceStub(self.channel(name))

    def admin(self, name: str = "admin") -> admin_service_pb2_grpc.AdminServiceStub:
        return admin_service_pb2_grpc.AdminServiceStub(self.channel(name))

    @property
    def open_streams(self) -> int:
        return self.server._slots.open

    @property
    def idle_threads(self) -> int:
        """Threads of the stream pool that wait for work."""
        return self.server._stream_pool._idle_semaphore._value


@contextmanager
def serve(
    folder: Path,
    *,
    anonymous_health: bool = False,
    names: Sequence[str] = (),
    **bounds: float,
) -> Iterator[Served]:
    """Serve on loopback until the block ends; ``names`` is what a client's CA may assert."""
    world, authority, ready = World(MovingClock(datetime.now(UTC))), TestAuthority(), [True]
    world.audit.keeps_calls = False
    issued = authority.server()
    files = {name: folder / name for name in ("server.pem", "server.key", "ca.pem", "crl.pem")}
    contents = (issued.certificate, issued.key, authority.pem, authority.revoking())
    for path, pem in zip(files.values(), contents, strict=True):
        path.write_bytes(pem)
    certificates = Certificates(FileSource(_files(files, names)), world.clock)
    failures = FakeFailures()
    guard = None if anonymous_health else _guard(world, CHECK_HEALTH)
    health = Health(frozenset(SERVICES), lambda: ready[0], guard)
    log = audit_service(world)
    services = (*SERVICES, *REFLECTION_SERVICES, "grpc.health.v1.Health")
    routes = [
        *sign_service(world).routes(),
        *key_service(world).routes(),
        *key_imports(world).routes(),
        *account_service(world).routes(),
        *admin_service(world).routes(),
        *log.routes(),
        *health.routes(),
        *Reflection(services, _guard(world, REFLECT), world.limits).routes(),
    ]
    server = RpcServer(
        routes=routes,
        authenticator=Authenticator(certificates.trusted, _api_keys(world), world.clock),
        failures=failures,
        limits=world.limits,
        endings=world.endings,
        clock=world.clock,
        bounds=ServerLimits(**(BOUNDS | bounds)),  # type: ignore[arg-type]
        certificates=certificates,
        ending=lambda: (health.close(), log.close()),
    )
    port = server.listen_tcp("127.0.0.1:0")
    api_key_port = server.listen_api_keys("127.0.0.1:0")
    server.listen_unix(folder / "s.sock")
    server.start()
    served = Served(
        world,
        health,
        server,
        port,
        api_key_port,
        certificates,
        files,
        failures,
        authority,
        ready,
        routes,
        [],
    )
    try:
        yield served
    finally:
        for channel in served.channels:
            channel.close()
        health.close()
        server.stop(0.5)


def _files(files: dict[str, Path], names: Sequence[str]) -> ServerFiles:
    return ServerFiles(
        certificate=files["server.pem"],
        private_key=files["server.key"],
        client_cas=[ClientCaFile(files["ca.pem"], names)],
        revocations=[files["crl.pem"]],
        identity=IdentityKind.CN,
    )


def _api_keys(world: World) -> ApiKeyAuthentication:
    return ApiKeyAuthentication(
        api_keys=world.api_keys, digest=world.secret_digest, clock=world.clock
    )


def _guard(world: World, action: str) -> Callable[[GrpcCall], None]:
    return lambda call: world.policy.authorize(call, action, None)


def details(error: grpc.RpcError) -> status_pb2.Status:
    """Return the status that our boundary attached."""
    (data,) = [v for k, v in error.trailing_metadata() if k == "grpc-status-details-bin"]
    return status_pb2.Status.FromString(data)


def reason(error: grpc.RpcError | status_pb2.Status) -> str:
    """Return the reason of the one ErrorInfo."""
    status = details(error) if isinstance(error, grpc.RpcError) else error
    found = [d for d in status.details if d.Is(error_details_pb2.ErrorInfo.DESCRIPTOR)]
    info = error_details_pb2.ErrorInfo()
    assert len(found) == 1
    assert found[0].Unpack(info)
    assert info.domain == "signward"
    return info.reason


def eventually(condition: Callable[[], bool], within: float = 5.0) -> bool:
    """Return whether something becomes true in time."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return condition()
