"""Where the certificates of a configuration come from."""

from __future__ import annotations

from signward_server.config.schema import Tls
from signward_server.core.identity import IdentityKind
from signward_server.rpc.file_source import FileSource
from signward_server.rpc.material import CertificateSource
from signward_server.rpc.tls_files import ClientCaFile, ServerFiles, TlsFileError

__all__ = ["certificate_source", "server_files"]


def certificate_source(tls: Tls) -> CertificateSource:
    """Return the source that a section names; nothing is read yet.

    Raises:
        TlsFileError: It takes a package that is not installed.
    """
    if tls.spiffe_socket:
        return _workload_api(tls)
    return FileSource(server_files(tls))


def server_files(tls: Tls) -> ServerFiles:
    """Return the files that a section names."""
    return ServerFiles(
        certificate=tls.certificate,
        private_key=tls.private_key,
        client_cas=[ClientCaFile(ca.file, ca.names) for ca in tls.client_ca],
        revocations=tls.revocation,
        identity=IdentityKind(tls.identity),
    )


def _workload_api(tls: Tls) -> CertificateSource:
    try:
        from signward_server.rpc.spiffe_source import SpiffeSource  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as exc:
        raise TlsFileError(
            "tls.spiffe_socket: needs a package that is not installed; install signward[spiffe]."
        ) from exc
    return SpiffeSource(tls.spiffe_socket, tls.revocation)
