"""A daemon for the client's tests: the generated services over TLS, Ed25519 keys in memory.

It signs and verifies really, keeps what it was asked, and fails as a test plans it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from cryptography import x509
from signward.v1.account_service_pb2_grpc import add_AccountServiceServicer_to_server
from signward.v1.admin_service_pb2_grpc import add_AdminServiceServicer_to_server
from signward.v1.key_service_pb2_grpc import add_KeyServiceServicer_to_server
from signward.v1.sign_service_pb2_grpc import add_SignServiceServicer_to_server

from tests.fakes.account_service import FakeAccountService
from tests.fakes.admin_service import FakeAdminService
from tests.fakes.certificates import Authority, CertificateFiles
from tests.fakes.key_service import FakeKeyService
from tests.fakes.sign_service import FakeSignService

__all__ = ["FakeDaemon"]

_HEALTH = {"": 1, "signward.v1.SignService": 1, "signward.v1.KeyService": 2}


class FakeDaemon(FakeAccountService, FakeAdminService, FakeKeyService, FakeSignService):
    """Serves on a free loopback port or a Unix socket until ``stop``.

    Args:
        authority: Whose client certificates it takes.
        server: Its own certificate.
        socket: Where its Unix socket is; ``None``: it has a port.
        wants_certificates: ``False``: clients show no certificate, as beside API keys.
    """

    def __init__(
        self,
        authority: Authority,
        server: CertificateFiles,
        socket: Path | None,
        *,
        wants_certificates: bool = True,
    ) -> None:
        super().__init__()
        self.health = dict(_HEALTH)
        self._threads = ThreadPoolExecutor(16)
        self._server = grpc.server(self._threads, options=[("grpc.so_reuseport", 0)])
        add_AccountServiceServicer_to_server(self, self._server)
        add_AdminServiceServicer_to_server(self, self._server)
        add_KeyServiceServicer_to_server(self, self._server)
        add_SignServiceServicer_to_server(self, self._server)
        self._server.add_generic_rpc_handlers((self._health_handler(),))
        pair = (server.private_key.read_bytes(), server.certificate.read_bytes())
        clients = authority.ca.read_bytes() if wants_certificates else None
        credentials = grpc.ssl_server_credentials(
            [pair], clients, require_client_auth=wants_certificates
        )
        address = f"unix:{socket}" if socket else "localhost:0"
        port = self._server.add_secure_port(address, credentials)
        self.target = address if socket else f"localhost:{port}"
        self._server.start()

    @staticmethod
    def server_names() -> tuple[x509.GeneralName, ...]:
        return (x509.DNSName("localhost"),)

    def stop(self) -> None:
        self._server.stop(0).wait(5)
        self._threads.shutdown(wait=False)  # one may wait for a gate that nobody opens

    def _health_handler(self) -> grpc.GenericRpcHandler:
        def check(request: bytes, context: grpc.ServicerContext) -> bytes:
            self._enter("Check", request, context)
            service = request[2:].decode()
            if service not in self.health:
                context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
            return bytes((8, self.health[service]))

        method = grpc.unary_unary_rpc_method_handler(check)
        return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method})
