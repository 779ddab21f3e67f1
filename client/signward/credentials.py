"""Credentials for mTLS from PEM files, checked before the first connection.

grpc reports a wrong file only as a handshake that failed; here each problem names its file and
what to do. The private key stays out of every text.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import grpc

from signward.errors import CredentialsError

__all__ = ["Credentials"]

_MISMATCH = "KEY_VALUES_MISMATCH"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves who both sides are, all in PEM.

    Attributes:
        ca: Certificates that the daemon's certificate must lead to.
        certificate: The client's certificate, with its intermediates after it.
        private_key: The client's private key, unencrypted; never shown.
        server_name: Name that the daemon's certificate must carry. Empty: the host of the target,
            or ``localhost`` for a Unix socket.
    """

    ca: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    private_key: bytes = field(repr=False)
    server_name: str = ""

    @classmethod
    def from_files(
        cls,
        ca: str | PathLike[str],
        certificate: str | PathLike[str],
        private_key: str | PathLike[str],
        *,
        server_name: str = "",
    ) -> Credentials:
        """Read and check three PEM files.

        Raises:
            CredentialsError: A file is missing, unreadable or no PEM of its kind, or the private
                key is encrypted or belongs to another certificate.
        """
        ca_path, certificate_path, key_path = Path(ca), Path(certificate), Path(private_key)
        credentials = cls(
            ca=_read(ca_path, "CA certificate"),
            certificate=_read(certificate_path, "client certificate"),
            private_key=_read(key_path, "private key"),
            server_name=server_name,
        )
        _check_certificates(ca_path, "CA certificate")
        _check_certificates(certificate_path, "client certificate")
        _check_pair(certificate_path, key_path)
        return credentials

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """Return them in the form that ``grpc.secure_channel`` takes."""
        return grpc.ssl_channel_credentials(self.ca, self.private_key, self.certificate)


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        text = f"{what} {path} does not exist; give the path of a PEM file"
        raise _problem(text) from error
    except PermissionError as error:
        text = f"{what} {path} may not be read; let this user read it"
        raise _problem(text) from error
    except OSError as error:
        raise _problem(f"{what} {path} cannot be read: {error.strerror}") from error


def _check_certificates(path: Path, what: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        text = f"{what} {path} holds no certificate; give a PEM file with BEGIN CERTIFICATE"
        raise _problem(text) from error


def _check_pair(certificate: Path, private_key: Path) -> None:
    def refuse() -> str:
        text = f"private key {private_key} is encrypted; give it without a passphrase, mode 0600"
        raise _problem(text)

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, private_key, refuse)
    except ssl.SSLError as error:
        if error.reason == _MISMATCH:
            text = f"private key {private_key} does not belong to client certificate {certificate}"
            raise _problem(text) from error
        text = f"private key {private_key} cannot be used; give a PEM file with BEGIN PRIVATE KEY"
        raise _problem(text) from error


def _problem(text: str) -> CredentialsError:
    return CredentialsError(text, reason="CREDENTIALS_INVALID")
