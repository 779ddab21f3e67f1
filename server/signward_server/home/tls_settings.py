"""The files of TLS that a configuration names."""

from __future__ import annotations

from signward_server.config.schema import Tls
from signward_server.core.identity import IdentityKind
from signward_server.rpc.tls_files import ClientCaFile, ServerFiles

__all__ = ["tls_files"]


def tls_files(tls: Tls) -> ServerFiles:
    """Return the files of a section."""
    return ServerFiles(
        certificate=tls.certificate,
        private_key=tls.private_key,
        client_cas=[ClientCaFile(ca.file, ca.names) for ca in tls.client_ca],
        revocations=tls.revocation,
        identity=IdentityKind(tls.identity),
    )
