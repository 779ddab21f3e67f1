"""Certificates from PEM files of any PKI."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from signward_server.rpc.identity import ClientAuthority
from signward_server.rpc.issuing import tops
from signward_server.rpc.material import Bundle, Pair, believed, checked
from signward_server.rpc.revocation import read_revocations
from signward_server.rpc.tls_files import ServerFiles, TlsFileError, read_certificates, read_file

__all__ = ["FileSource"]


class FileSource:
    """PEM files; a ``CertificateSource``."""

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

    def turn_to(self, files: ServerFiles) -> None:
        """Read these files from now on."""
        self._files = files

    def pair(self, now: datetime) -> Pair:
        """Read certificate and key; see ``CertificateSource``."""
        files = self._files
        chain = read_certificates(files.certificate)
        pair = Pair(chain, _private_key(files, chain[0]))
        return checked(pair, str(files.certificate), now)

    def bundle(self) -> Bundle:
        """Read CAs and revocation lists; see ``CertificateSource``."""
        files = self._files
        authorities = [
            ClientAuthority(certificate, frozenset(ca.names) or None)
            for ca in files.client_cas
            for certificate in read_certificates(ca.path, guarded=True)
        ]
        issuers = [authority.certificate for authority in authorities]
        if not all(ca.names for ca in files.client_cas) and tops(issuers) > 1:
            raise TlsFileError(
                "tls.client_ca: has several CAs, and not each says which names it may assert; "
                "give each one a file and its names."
            )
        revocations = read_revocations(files.revocations, issuers)
        return believed(Bundle(files.identity, authorities, revocations))


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
