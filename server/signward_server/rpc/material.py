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
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from signward_server.core.identity import IdentityKind
from signward_server.rpc.identity import ClientAuthority
from signward_server.rpc.issuing import holding
from signward_server.rpc.revocation import Revocations
from signward_server.rpc.tls_files import ServerFiles, TlsFileError

__all__ = ["Bundle", "CertificateSource", "Pair", "believed", "checked", "pem_of", "version_of"]

_LEAST_RSA = 2048


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """What the daemon shows.

    Attributes:
        chain: Its own certificate first.
        key_pem: The private key of that, unencrypted PEM.
    """

    chain: Sequence[x509.Certificate]
    key_pem: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """Whom the daemon is to believe.

    Attributes:
        kind: The one kind of name that says who calls.
        authorities: The client CAs.
        revocations: What these have revoked.
    """

    kind: IdentityKind
    authorities: Sequence[ClientAuthority]
    revocations: Revocations


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

    def turn_to(self, files: ServerFiles) -> None:
        """Read these files from now on, as far as files are read."""
        ...

    def pair(self, now: datetime) -> Pair:
        """Read what the daemon shows, and check it as of ``now``.

        Raises:
            TlsFileError: It cannot be used; the text names it and the fix.
        """
        ...

    def bundle(self) -> Bundle:
        """Read whom to believe, those left out that are revoked.

        Raises:
            TlsFileError: Something cannot be used; the text names it and the fix.
        """
        ...


def checked(pair: Pair, origin: str, now: datetime) -> Pair:
    """Return a pair that handshakes succeed with.

    Args:
        pair: What was read.
        origin: Where it comes from.
        now: When it is to be in use.

    Raises:
        TlsFileError: None would.
    """
    if problem := _problem(pair.chain[0], now):
        raise TlsFileError(f"{origin}: {problem}.")
    return pair


def believed(bundle: Bundle) -> Bundle:
    """Return a bundle without the CAs that are revoked, and without those below them."""
    certificates = [each.certificate for each in bundle.authorities]
    held = holding(certificates, bundle.revocations.hold)
    left = [
        replace(each, held=held[each.certificate])
        for each in bundle.authorities
        if each.certificate in held
    ]
    return replace(bundle, authorities=left)


def version_of(pair: Pair, bundle: Bundle) -> str:
    """Return the SHA-256 of all that is not secret, in hex."""
    parts = [bundle.kind.encode(), pem_of(pair.chain), bundle.revocations.content]
    for authority in bundle.authorities:
        parts += [pem_of([authority.certificate]), _scope(authority)]
    # Each part is hashed on its own, so that no two lists of parts read alike.
    digests = (hashlib.sha256(part).digest() for part in parts)
    return hashlib.sha256(b"".join(digests)).hexdigest()


def pem_of(certificates: Iterable[x509.Certificate]) -> bytes:
    """Return certificates in PEM, one after the other."""
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


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
