"""Server credentials from PEM files: TLS 1.2 or later, a client certificate required."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

__all__ = ["TlsFileError", "read_certificates", "server_credentials"]


class TlsFileError(Exception):
    """A certificate, key or bundle cannot be used; the text names the file and the fix."""


def server_credentials(
    certificate: Path, private_key: Path, client_cas: Sequence[Path]
) -> grpc.ServerCredentials:
    """Read and check the files first: grpcio reports what is wrong with them nowhere.

    Args:
        certificate: Server chain, leaf first.
        private_key: Its unencrypted private key.
        client_cas: Bundles of the CAs that client certificates must come from.

    Raises:
        TlsFileError: A file is missing or malformed, or the key is not the certificate's.
    """
    chain = read_certificates(certificate)
    key_pem = _read(private_key)
    try:
        key = serialization.load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise TlsFileError(
            f"{private_key}: no unencrypted PEM private key; give one in PKCS#8 or SEC1 form."
        ) from exc
    if key.public_key() != chain[0].public_key():
        raise TlsFileError(
            f"{private_key}: not the key of {certificate}; the first certificate there must be "
            "the server's own."
        )
    bundle = [ca for path in client_cas for ca in read_certificates(path)]
    if not bundle:
        raise TlsFileError("No client CA is configured, so that nobody could ever call.")
    return grpc.ssl_server_credentials(
        [(key_pem, _pem(chain))], root_certificates=_pem(bundle), require_client_auth=True
    )


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Return the certificates of a PEM file, at least one.

    Raises:
        TlsFileError: There is none, or one is malformed.
    """
    try:
        return x509.load_pem_x509_certificates(_read(path))
    except ValueError as exc:
        raise TlsFileError(f"{path}: no PEM certificate in it.") from exc


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise TlsFileError(f"{path}: cannot be read ({exc.strerror}).") from exc


def _pem(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)
