"""Certificate revocation lists: what their CAs have taken back (RFC 5280, section 5).

A list counts whole or not at all: one that is not signed by a CA of the bundle, or that says
something that is not understood here, is refused when it is read, and never in part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signward_server.rpc.tls_files import TlsFileError, read_file

__all__ = ["RevocationList", "Revocations", "read_revocations"]

_LARGEST = 16 * 2**20
_PEM = b"-----BEGIN X509 CRL-----"
# What cryptography raises on bytes that it cannot read, at load or at first access.
_MALFORMED = (Warning, ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension)
_UNDERSTOOD = (x509.CRLNumber, x509.AuthorityKeyIdentifier, x509.AuthorityInformationAccess)
_ISSUER_KEYS = (
    rsa.RSAPublicKey,
    ec.EllipticCurvePublicKey,
    ed25519.Ed25519PublicKey,
    ed448.Ed448PublicKey,
    dsa.DSAPublicKey,
)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list, verified.

    Attributes:
        issuer_keys: Public keys (SPKI in DER) of the CAs in the bundle that it is from.
        serials: Serial numbers of the certificates that it revokes.
        next_update: When there should be a newer one, UTC; ``None`` if it does not say.
        der: The list itself, in DER.
    """

    issuer_keys: frozenset[bytes]
    serials: frozenset[int]
    next_update: datetime | None
    der: bytes


class Revocations:
    """What all lists together revoke.

    Args:
        lists: Verified lists.
    """

    def __init__(self, lists: Iterable[RevocationList] = ()) -> None:
        self._lists = tuple(lists)
        serials: dict[bytes, frozenset[int]] = {}
        for each in self._lists:
            for key in each.issuer_keys:
                serials[key] = serials.get(key, frozenset()) | each.serials
        self._serials: Mapping[bytes, frozenset[int]] = serials

    def holds(self, issuer_key: bytes, serial: int) -> bool:
        """Return whether a certificate of this CA is revoked."""
        return serial in self._serials.get(issuer_key, ())

    @property
    def content(self) -> bytes:
        """What all lists say, for comparing."""
        return b"".join(each.der for each in self._lists)

    def overdue(self, now: datetime) -> int:
        """Return how many lists should have been replaced by newer ones; they still count."""
        return sum(each.next_update is not None and each.next_update < now for each in self._lists)


def read_revocations(paths: Iterable[Path], authorities: Sequence[x509.Certificate]) -> Revocations:
    """Read lists in PEM or DER.

    Args:
        paths: The files; a PEM file may hold several lists.
        authorities: The CAs that they may come from.

    Raises:
        TlsFileError: One is missing, malformed, a delta or an indirect list, says something
            that is not understood, or is signed by none of the CAs.
    """
    return Revocations(each for path in paths for each in _read(path, authorities))


def _read(path: Path, authorities: Sequence[x509.Certificate]) -> Sequence[RevocationList]:
    data = read_file(path, _LARGEST)
    try:
        return [_verified(path, crl, authorities) for crl in _parsed(data)]
    except _MALFORMED as exc:
        raise TlsFileError(f"{path}: no certificate revocation list in PEM or DER.") from exc


def _parsed(data: bytes) -> list[x509.CertificateRevocationList]:
    if _PEM not in data:
        return [x509.load_der_x509_crl(data)]
    blocks = data.split(_PEM)[1:]
    return [x509.load_pem_x509_crl(_PEM + block) for block in blocks]


def _verified(
    path: Path, crl: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate]
) -> RevocationList:
    for extension in crl.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator | x509.IssuingDistributionPoint) or (
            extension.critical and not isinstance(value, _UNDERSTOOD)
        ):
            raise TlsFileError(
                f"{path}: only whole lists are taken, no delta, indirect or partitioned ones."
            )
    keys = frozenset(_key(ca) for ca in authorities if _issued(ca, crl))
    if not keys:
        raise TlsFileError(f"{path}: signed by none of the CAs in tls.client_ca.")
    serials = frozenset(_serial(path, entry) for entry in crl)
    return RevocationList(keys, serials, crl.next_update_utc, crl.public_bytes(Encoding.DER))


def _serial(path: Path, entry: x509.RevokedCertificate) -> int:
    for extension in entry.extensions:
        if extension.critical or isinstance(extension.value, x509.CertificateIssuer):
            raise TlsFileError(f"{path}: has entries that are not understood, or of other CAs.")
    return entry.serial_number


def _issued(authority: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    key = authority.public_key()
    if authority.subject != crl.issuer or not isinstance(key, _ISSUER_KEYS):
        return False
    try:
        return crl.is_signature_valid(key)
    except (InvalidSignature, *_MALFORMED):
        return False


def _key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
