"""Where the certificates of a configuration come from."""

from __future__ import annotations

from signward_server.config.schema import Tls
from signward_server.core.identity import IdentityKind
from signward_server.rpc.material import CertificateSource, FileSource
from signward_server.rpc.tls_files import ClientCaFile, ServerFiles

__all__ = ["certificate_source"]


def certificate_source(tls: Tls) -> CertificateSource:
    """Return the source that a section names; nothing is read yet."""
    return FileSource(
        ServerFiles(
            certificate=tls.certificate,
            private_key=tls.private_key,
            client_cas=[ClientCaFile(ca.file, ca.names) for ca in tls.client_ca],
            revocations=tls.revocation,
            identity=IdentityKind(tls.identity),
        )
    )
