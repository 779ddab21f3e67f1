"""The daemon's side of TLS: files read and checked as a whole, and exchanged while it serves.

grpcio asks for the configuration at each handshake, so that a new certificate or CA counts
from the next connection on. It reports what is wrong with one nowhere: everything is checked
before it gets there. TLS 1.2 or later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from signward_server.rpc.identity import ClientAuthority, IdentityParser
from signward_server.rpc.revocation import Revocations, read_revocations
from signward_server.rpc.tls_files import (
    ClientCaFile,
    ServerFiles,
    TlsFileError,
    read_certificates,
    read_file,
)
from signward_server.rpc.trust import Trust, Trusted

__all__ = ["Certificates"]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the files say.

    Attributes:
        pair: Private key and chain in PEM.
        roots: All client CAs in PEM.
        trust: Whom it makes the daemon believe.
        revocations: What is revoked.
    """

    pair: tuple[bytes, bytes]
    roots: bytes
    trust: Trust
    revocations: Revocations


class Certificates:
    """The certificates in force.

    Args:
        files: Where they come from.

    Attributes:
        trusted: Whom they make the daemon believe.

    Raises:
        TlsFileError: A file is missing or malformed, or the key is not the certificate's.
    """

    def __init__(self, files: ServerFiles) -> None:
        self._files = files
        self._loaded = _load(files)
        self.trusted = Trusted(self._loaded.trust)

    @property
    def version(self) -> str:
        """SHA-256 of everything in force, in hex."""
        return self._loaded.trust.version

    def watched(self) -> Iterable[Path]:
        """Return the files that they come from."""
        files = self._files
        yield from (files.certificate, files.private_key, *files.revocations)
        yield from (ca.path for ca in files.client_cas)

    def load(self) -> None:
        """Read the files again, and put what they say into force.

        Raises:
            TlsFileError: One cannot be used; what was in force stays.
        """
        loaded = _load(self._files)
        if loaded.trust.version != self._loaded.trust.version:
            self._loaded = loaded
            self.trusted.now = loaded.trust

    def mutual(self) -> grpc.ServerCredentials:
        """Return credentials for one listener that requires a client certificate."""
        return self._credentials(
            lambda loaded: grpc.ssl_server_certificate_configuration([loaded.pair], loaded.roots),
            mutual=True,
        )

    def one_sided(self) -> grpc.ServerCredentials:
        """Return credentials for one listener that asks for none."""
        return self._credentials(
            lambda loaded: grpc.ssl_server_certificate_configuration([loaded.pair]), mutual=False
        )

    def _credentials(
        self, configured: Callable[[_Loaded], grpc.ServerCertificateConfiguration], *, mutual: bool
    ) -> grpc.ServerCredentials:
        """Return credentials of their own for each listener: each one asks for itself."""
        given = self._loaded

        def newer() -> grpc.ServerCertificateConfiguration | None:
            nonlocal given
            loaded = self._loaded
            if loaded is given:
                return None
            given = loaded
            return configured(loaded)

        return grpc.dynamic_ssl_server_credentials(
            configured(given),
            newer,  # type: ignore[arg-type]  # None is "no change", as its text says
            require_client_authentication=mutual,
        )


def _load(files: ServerFiles) -> _Loaded:
    chain = read_certificates(files.certificate)
    key = _private_key(files, chain[0])
    bundles = [(ca, read_certificates(ca.path)) for ca in files.client_cas]
    authorities = [certificate for _, bundle in bundles for certificate in bundle]
    if not authorities:
        raise TlsFileError("No client CA is configured, so that nobody could ever call.")
    revocations = read_revocations(files.revocations, authorities)
    roots = _pem(authorities)
    parser = _parser(files, bundles, chain[0], revocations)
    content = (files.identity.encode(), key, _pem(chain), roots, revocations.content)
    names = repr([(ca.names, len(bundle)) for ca, bundle in bundles]).encode()
    version = _digest((*content, names))
    return _Loaded((key, _pem(chain)), roots, Trust(parser.parse, version), revocations)


def _parser(
    files: ServerFiles,
    bundles: Sequence[tuple[ClientCaFile, Sequence[x509.Certificate]]],
    own: x509.Certificate,
    revocations: Revocations,
) -> IdentityParser:
    authorities = [
        ClientAuthority(certificate, frozenset(ca.names) or None)
        for ca, bundle in bundles
        for certificate in bundle
    ]
    try:
        return IdentityParser(
            files.identity,
            authorities=authorities,
            server_certificates=[own],
            revocations=revocations,
        )
    except ValueError as exc:
        raise TlsFileError(f"tls.client_ca: {exc}") from exc


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


def _pem(certificates: Iterable[x509.Certificate]) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
