"""What TLS takes: the daemon's chain and key, its clients' CAs, and what these have revoked.

grpcio reports nowhere what is wrong with any of it, so all is read and checked here first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from signward_server.core.identity import IdentityKind
from signward_server.rpc.identity import ClientAuthority
from signward_server.rpc.revocation import Revocations, read_revocations
from signward_server.rpc.tls_files import ServerFiles, TlsFileError, read_certificates, read_file

__all__ = ["CertificateSource", "FileSource", "Material", "checked", "pem_of"]

_LEAST_RSA = 2048


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Material:
    """What was read at one time.

    Attributes:
        kind: The one kind of name that says who calls.
        chain: What the daemon shows, its own certificate first.
        key_pem: The private key of that, unencrypted PEM.
        authorities: The client CAs, those that are revoked left out.
        revocations: What is revoked.
    """

    kind: IdentityKind
    chain: Sequence[x509.Certificate]
    key_pem: bytes
    authorities: Sequence[ClientAuthority]
    revocations: Revocations

    @property
    def version(self) -> str:
        """SHA-256 of all that is not secret, in hex."""
        parts = [self.kind.encode(), pem_of(self.chain), self.revocations.content]
        for authority in self.authorities:
            parts += [pem_of([authority.certificate]), _scope(authority)]
        # Each part is hashed on its own, so that no two lists of parts read alike.
        digests = (hashlib.sha256(part).digest() for part in parts)
        return hashlib.sha256(b"".join(digests)).hexdigest()


class CertificateSource(Protocol):
    """Where certificates come from."""

    def follow(self, changed: Callable[[], None]) -> None:
        """Call this when there is something new that no file shows."""
        ...

    def close(self) -> None:
        """Let go of whatever is open."""
        ...

    def watched(self) -> Iterable[Path]:
        """Return the files whose change means that they must be read again."""
        ...

    def read(self, now: datetime) -> Material:
        """Read everything, and check it as of ``now``.

        Raises:
            TlsFileError: Something cannot be used; the text names it and the fix.
        """
        ...


class FileSource:
    """PEM files of any PKI; a ``CertificateSource``."""

    def __init__(self, files: ServerFiles) -> None:
        self._files = files

    def follow(self, changed: Callable[[], None]) -> None:
        """Return: files show themselves what is new."""

    def close(self) -> None:
        """Return: nothing is open."""

    def watched(self) -> Iterable[Path]:
        """Return the files."""
        files = self._files
        yield from (files.certificate, files.private_key, *files.revocations)
        yield from (ca.path for ca in files.client_cas)

    def read(self, now: datetime) -> Material:
        """Read the files; see ``CertificateSource``."""
        files = self._files
        chain = read_certificates(files.certificate)
        key_pem = _private_key(files, chain[0])
        authorities = [
            ClientAuthority(certificate, frozenset(ca.names) or None)
            for ca in files.client_cas
            for certificate in read_certificates(ca.path)
        ]
        issuers = [authority.certificate for authority in authorities]
        revocations = read_revocations(files.revocations, issuers)
        material = Material(
            kind=files.identity,
            chain=chain,
            key_pem=key_pem,
            authorities=authorities,
            revocations=revocations,
        )
        return checked(material, str(files.certificate), now)


def checked(material: Material, origin: str, now: datetime) -> Material:
    """Return material with the CAs left out that are revoked.

    Args:
        material: What was read.
        origin: Where the daemon's certificate comes from.
        now: When it is to be in use.

    Raises:
        TlsFileError: No handshake would succeed with the daemon's certificate.
    """
    if problem := _problem(material.chain[0], now):
        raise TlsFileError(f"{origin}: {problem}.")
    held = material.revocations.hold
    believed = [each for each in material.authorities if not held(each.certificate)]
    return replace(material, authorities=believed)


def pem_of(certificates: Iterable[x509.Certificate]) -> bytes:
    """Return certificates in PEM, one after the other."""
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def _private_key(files: ServerFiles, leaf: x509.Certificate) -> bytes:
    pem = read_file(files.private_key)
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise TlsFileError(
            f"{files.private_key}: no unencrypted PEM private key; give one in PKCS#8 or SEC1 form."
        ) from exc
    if key.public_key() != leaf.public_key():
        raise TlsFileError(
            f"{files.private_key}: not the key of {files.certificate}; the first certificate "
            "there must be the server's own."
        )
    return pem


def _problem(leaf: x509.Certificate, now: datetime) -> str:
    """Return why no handshake would succeed with the daemon's certificate; empty if it would."""
    key = leaf.public_key()
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        return "its key is neither EC nor RSA, which is all that gRPC takes"
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA:
        return f"its RSA key has less than {_LEAST_RSA} bits"
    if now >= leaf.not_valid_after_utc:
        return f"expired on {leaf.not_valid_after_utc:%Y-%m-%d}; put a new one in its place"
    if now < leaf.not_valid_before_utc:
        start = f"{leaf.not_valid_before_utc:%Y-%m-%d %H:%M}"
        return f"not valid before {start} UTC; check the clock of this machine"
    return ""


def _scope(authority: ClientAuthority) -> bytes:
    names = authority.may_assert
    return b"anything" if names is None else "\n".join(["only", *sorted(names)]).encode()
