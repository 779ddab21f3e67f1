"""Credentials, checked before the first connection: a client certificate, an API key, or both."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import grpc

from signward.credential_files import CredentialFiles, is_api_key, not_an_api_key, problem
from signward.validity import validity_of

__all__ = ["Credentials"]

_HALF_A_PAIR = "a client certificate and its private key go together; give both or neither"


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
        files: Where they were read, and are read again when they change; ``None``: from no files.

    Raises:
        CredentialsError: There is neither a certificate nor an API key, only half of a pair, or
            the API key is not printable ASCII without spaces.
    """

    ca: bytes = field(repr=False)
    certificate: bytes = field(default=b"", repr=False)
    private_key: bytes = field(default=b"", repr=False)
    server_name: str = ""
    api_key: str = field(default="", repr=False)
    files: CredentialFiles | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.private_key):
            raise problem(_HALF_A_PAIR)
        if not self.certificate and not self.api_key:
            raise problem("there is neither a client certificate nor an API key; give one")
        if self.api_key and not is_api_key(self.api_key):
            raise problem(not_an_api_key("the API key"))

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

        A client that is given them goes over to what the files hold later.

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
            raise problem("there is an API key and a file of one; give one of them")
        if (certificate is None) != (private_key is None):
            raise problem(_HALF_A_PAIR)
        files = CredentialFiles(
            ca=Path(ca).absolute(),
            certificate=_absolute(certificate),
            private_key=_absolute(private_key),
            api_key=_absolute(api_key_file),
        )
        return cls._of(files, server_name, api_key)

    @classmethod
    def _of(cls, files: CredentialFiles, server_name: str, api_key: str) -> Credentials:
        content, files = files.read()
        return cls(
            content.ca,
            content.certificate,
            content.private_key,
            server_name=server_name,
            api_key=content.api_key or api_key,
            files=files,
        )

    def read_again(self) -> Credentials:
        """Return what the files hold now; itself if it came from none.

        Raises:
            CredentialsError: As ``from_files``.
        """
        if self.files is None:
            return self
        return self._of(self.files, self.server_name, self.api_key)

    def ensure_valid(self) -> None:
        """Return if the client's certificate, where there is one, is in its time.

        Raises:
            CredentialsError: It is not, or cannot be read.
        """
        if not self.certificate:
            return
        try:
            validity = validity_of(self.certificate)
        except ValueError as error:
            raise problem("the client certificate is malformed; give another one") from error
        now = time.time()
        if now > validity.end:
            raise problem("the client certificate has expired; put a new one in its place")
        if now < validity.start:
            raise problem("the client certificate is not valid yet; look at this machine's clock")

    @property
    def seconds_left(self) -> float:
        """For how long the client's certificate is in its time; endless if nothing says."""
        try:
            return validity_of(self.certificate).end - time.time()
        except ValueError:
            return float("inf")

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """Return the part that ``grpc.secure_channel`` takes: all but the API key."""
        return grpc.ssl_channel_credentials(
            self.ca, self.private_key or None, self.certificate or None
        )


def _absolute(path: str | PathLike[str] | None) -> Path | None:
    """Return a path that stays right when the process changes its folder."""
    return None if path is None else Path(path).absolute()
