"""The files of TLS, and reading them: bounded, with errors that name the file and the fix."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from signward_server.core.identity import IdentityKind
from signward_server.core.plain_files import FileRefused, read_plain
from signward_server.rpc.x509_reading import MALFORMED

__all__ = [
    "LARGEST",
    "ClientCaFile",
    "ServerFiles",
    "TlsFileError",
    "read_certificates",
    "read_file",
]

LARGEST = 2**20
"""Bytes that a file of certificates or keys may have."""


@dataclass(frozen=True, slots=True)
class ClientCaFile:
    """A bundle of CAs for client certificates.

    Attributes:
        path: PEM file.
        names: What they may assert; empty for anything.
    """

    path: Path
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFiles:
    """The files of TLS, and which kind of name says who calls.

    Attributes:
        certificate: Server chain in PEM, leaf first.
        private_key: Its unencrypted private key in PEM.
        client_cas: Bundles of the CAs that client certificates must come from.
        revocations: Revocation lists of these CAs, PEM or DER.
        identity: The kind of name.
    """

    certificate: Path
    private_key: Path
    client_cas: Sequence[ClientCaFile]
    revocations: Sequence[Path] = ()
    identity: IdentityKind


class TlsFileError(Exception):
    """A certificate, key, bundle or list cannot be used; the text names it and the fix."""


def read_file(path: Path, largest: int = LARGEST, *, guarded: bool = False) -> bytes:
    """Return what a file holds.

    Args:
        path: Where it is.
        largest: Bytes that it may have.
        guarded: Whether to refuse what others than this user and root can change.

    Raises:
        TlsFileError: It cannot be read, is exposed, or larger.
    """
    try:
        data = read_plain(path, largest, guarded=guarded)
    except FileRefused as exc:
        raise TlsFileError(f"{path}: {exc}.") from exc
    except OSError as exc:
        raise TlsFileError(f"{path}: cannot be read ({os.strerror(exc.errno or 0)}).") from exc
    if len(data) > largest:
        raise TlsFileError(f"{path}: larger than {largest} bytes.")
    return data


def read_certificates(path: Path, *, guarded: bool = False) -> list[x509.Certificate]:
    """Return the certificates of a PEM file, at least one; names and key of each can be read.

    Args:
        path: Where it is.
        guarded: See ``read_file``.

    Raises:
        TlsFileError: See ``read_file``; or there is none, or one is malformed, or its key is of
            no known kind.
    """
    data = read_file(path, guarded=guarded)
    try:
        certificates = x509.load_pem_x509_certificates(data)
    except ValueError as exc:
        raise TlsFileError(f"{path}: no PEM certificate in it.") from exc
    try:
        for each in certificates:
            # Each is decoded at first access only.
            _ = each.subject, each.issuer, each.public_key()
    except MALFORMED as exc:
        text = "has a certificate that is malformed, or with a key of an unknown kind"
        raise TlsFileError(f"{path}: {text}.") from exc
    return certificates
