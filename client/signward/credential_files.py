"""The files that credentials are in: read, checked, and looked at again.

grpc reports a wrong file only as a handshake that failed; here each problem names its file and
what to do. The private key and the API key stay out of every text.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from signward.errors import CredentialsError

__all__ = ["Content", "CredentialFiles", "is_api_key", "not_an_api_key", "problem"]

_MISMATCH = "KEY_VALUES_MISMATCH"
_ATTEMPTS = 3
_LONGEST_API_KEY = 512

# Anything else cannot travel as metadata, and grpc's error about it would show the value.
is_api_key = re.compile(rf"[!-~]{{1,{_LONGEST_API_KEY}}}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """What files hold: PEM, and a secret; empty for a file that there is none of."""

    ca: bytes
    certificate: bytes
    private_key: bytes
    api_key: str


@dataclass(frozen=True, slots=True)
class CredentialFiles:
    """Files of one client.

    Attributes:
        ca: Certificates that the daemon's certificate must lead to.
        certificate: The client's certificate; ``None``: none.
        private_key: Its private key, there whenever ``certificate`` is.
        api_key: The secret of an API key, on one line; ``None``: none.
        seen: What told them from others when they were read last.
    """

    ca: Path
    certificate: Path | None
    private_key: Path | None
    api_key: Path | None
    seen: tuple[object, ...] = ()

    @property
    def have_changed(self) -> bool:
        """Whether one of them is another than the one that was read; costs microseconds."""
        return self._now() != self.seen

    def read(self) -> tuple[Content, Self]:
        """Read and check them, again when one changes meanwhile.

        The pair is checked by name, as ``ssl`` wants it, and read apart from that; both see
        the same files if these are the same before and after.

        Returns:
            What they hold, and themselves with what was ``seen``.

        Raises:
            CredentialsError: One is missing, unreadable or not of its kind, or the private key
                is encrypted or belongs to another certificate; the text names it and the fix.
        """
        failure = problem("the files change all the time; leave them as they are")
        for _ in range(_ATTEMPTS):
            before = self._now()
            try:
                content = self._read()
            except CredentialsError as error:
                failure = error
                content = None
            if self._now() != before:
                continue
            if content is None:
                break
            return content, replace(self, seen=before)
        raise failure

    def _read(self) -> Content:
        ca = _read(self.ca, "CA certificate")
        _check_certificates(self.ca, "CA certificate")
        pair = (b"", b"")
        if self.certificate is not None and self.private_key is not None:
            pair = _read_pair(self.certificate, self.private_key)
        return Content(ca, *pair, "" if self.api_key is None else _read_api_key(self.api_key))

    def _now(self) -> tuple[object, ...]:
        paths = (self.ca, self.certificate, self.private_key, self.api_key)
        return tuple(_state(path) for path in paths if path is not None)


def problem(text: str) -> CredentialsError:
    """Return the error for credentials that cannot be used."""
    return CredentialsError(text, reason="CREDENTIALS_INVALID")


def not_an_api_key(what: str) -> str:
    """Return the text for something that should be an API key."""
    return f"{what} is not one line of printable ASCII without spaces; give the secret as it was"


def _state(path: Path) -> object:
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(path: Path, what: str, kind: str = "PEM file") -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        text = f"{what} {path} does not exist; give the path of a {kind}"
        raise problem(text) from error
    except PermissionError as error:
        text = f"{what} {path} may not be read; let this user read it"
        raise problem(text) from error
    except OSError as error:
        raise problem(f"{what} {path} cannot be read: {error.strerror}") from error


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
    if not is_api_key(secret):
        raise problem(not_an_api_key(f"API key {path}"))
    return secret


def _check_certificates(path: Path, what: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except OSError as error:  # ssl.SSLError is one; another: it has gone since it was read
        text = f"{what} {path} holds no certificate; give a PEM file with BEGIN CERTIFICATE"
        raise problem(text) from error


def _check_pair(certificate: Path, private_key: Path) -> None:
    def refuse() -> str:
        text = f"private key {private_key} is encrypted; give it without a passphrase, mode 0600"
        raise problem(text)

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, private_key, refuse)
    except OSError as error:
        if isinstance(error, ssl.SSLError) and error.reason == _MISMATCH:
            text = f"private key {private_key} does not belong to client certificate {certificate}"
            raise problem(text) from error
        text = f"private key {private_key} cannot be used; give a PEM file with BEGIN PRIVATE KEY"
        raise problem(text) from error
