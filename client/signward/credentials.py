"""Credentials, checked before the first connection: a client certificate, an API key, or both.

grpc reports a wrong file only as a handshake that failed; here each problem names its file and
what to do. The private key and the API key stay out of every text.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import grpc

from signward.errors import CredentialsError

__all__ = ["Credentials"]

_MISMATCH = "KEY_VALUES_MISMATCH"
_LONGEST_API_KEY = 512
_HALF_A_PAIR = "a client certificate and its private key go together; give both or neither"

# Anything else cannot travel as metadata, and grpc's error about it would show the value.
_is_api_key = re.compile(rf"[!-~]{{1,{_LONGEST_API_KEY}}}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves who both sides are; certificates and keys are PEM.

    The client shows a certificate, an API key, or both, which then must stand for one identity.

    Attributes:
        ca: Certificates that the daemon's certificate must lead to.
        certificate: The client's certificate, with its intermediates after it. Empty: none.
        private_key: The client's private key, unencrypted; never shown.
        server_name: Name that the daemon's certificate must carry. Empty: the host of the target,
            or ``localhost`` for a Unix socket.
        api_key: Secret of an API key, sent with every call and over TLS only; never shown.
            Empty: none.

    Raises:
        CredentialsError: There is neither a certificate nor an API key, only half of a pair, or
            the API key is not printable ASCII without spaces.
    """

    ca: bytes = field(repr=False)
    certificate: bytes = field(default=b"", repr=False)
    private_key: bytes = field(default=b"", repr=False)
    server_name: str = ""
    api_key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.private_key):
            raise _problem(_HALF_A_PAIR)
        if not self.certificate and not self.api_key:
            raise _problem("there is neither a client certificate nor an API key; give one")
        if self.api_key and not _is_api_key(self.api_key):
            raise _problem(_not_an_api_key("the API key"))

    @classmethod
    def from_files(
        cls,
        ca: str | PathLike[str],
        certificate: str | PathLike[str] | None = None,
        private_key: str | PathLike[str] | None = None,
        *,
        api_key: str = "",
        api_key_file: str | PathLike[str] | None = None,
        server_name: str = "",
    ) -> Credentials:
        """Read and check files: certificates and keys are PEM, an API key is one line.

        Args:
            ca: Certificates that the daemon's certificate must lead to.
            certificate: The client's certificate; ``None``: none.
            private_key: Its private key.
            api_key: Secret of an API key, from wherever you keep it.
            api_key_file: File that holds it instead; keep it at mode 0600.
            server_name: Name that the daemon's certificate must carry; see the class.

        Raises:
            CredentialsError: A file is missing, unreadable or not of its kind, or the private
                key is encrypted or belongs to another certificate.
        """
        if api_key and api_key_file is not None:
            raise _problem("there is an API key and a file of one; give one of them")
        if (certificate is None) != (private_key is None):
            raise _problem(_HALF_A_PAIR)
        ca_pem = _read(Path(ca), "CA certificate")
        _check_certificates(Path(ca), "CA certificate")
        pair = (b"", b"")
        if certificate is not None and private_key is not None:
            pair = _read_pair(Path(certificate), Path(private_key))
        if api_key_file is not None:
            api_key = _read_api_key(Path(api_key_file))
        return cls(ca_pem, *pair, server_name=server_name, api_key=api_key)

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """Return the part that ``grpc.secure_channel`` takes: all but the API key."""
        return grpc.ssl_channel_credentials(
            self.ca, self.private_key or None, self.certificate or None
        )


def _read(path: Path, what: str, kind: str = "PEM file") -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        text = f"{what} {path} does not exist; give the path of a {kind}"
        raise _problem(text) from error
    except PermissionError as error:
        text = f"{what} {path} may not be read; let this user read it"
        raise _problem(text) from error
    except OSError as error:
        raise _problem(f"{what} {path} cannot be read: {error.strerror}") from error


def _read_pair(certificate: Path, private_key: Path) -> tuple[bytes, bytes]:
    """Return the content of both files, which belong together."""
    pair = _read(certificate, "client certificate"), _read(private_key, "private key")
    _check_certificates(certificate, "client certificate")
    _check_pair(certificate, private_key)
    return pair


def _read_api_key(path: Path) -> str:
    """Return the secret in a file: what stands there, without the end of its line."""
    try:
        secret = _read(path, "API key", "file that holds it").decode("ascii").rstrip("\r\n")
    except UnicodeDecodeError:
        secret = ""
    if not _is_api_key(secret):
        raise _problem(_not_an_api_key(f"API key {path}"))
    return secret


def _not_an_api_key(what: str) -> str:
    return f"{what} is not one line of printable ASCII without spaces; give the secret as it was"


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
