"""Certificate revocation lists: what their CAs have taken back (RFC 5280, section 5).

A list can only make the daemon refuse more. So one that is overdue still counts; but it
counts whole or not at all: one that says something that is not understood here, or claims to
be from a CA of the bundle and is not, is refused when it is read. One of another CA revokes
nothing, so that a CA can leave the bundle before its list does.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signward_server.rpc.tls_files import TlsFileError, read_file
from signward_server.rpc.x509_reading import MALFORMED, extension

__all__ = ["RevocationList", "Revocations", "read_revocations"]

_log = logging.getLogger(__name__)
_LARGEST = 8 * 2**20  # some hundred thousand entries, which take seconds to read
_BEGIN = b"-----BEGIN "
_PEM = re.compile(rb"-----BEGIN X509 CRL-----\s[A-Za-z0-9+/=\s]*-----END X509 CRL-----", re.ASCII)
_DER = b"\x30"  # SEQUENCE
_UNDERSTOOD = (x509.CRLNumber, x509.AuthorityKeyIdentifier, x509.AuthorityInformationAccess)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list, verified.

    Attributes:
        issuer: Whose certificates it revokes. A CA that has changed its key signs with the
            new one for those of the old one too, so that the name counts, not the key.
        serials: Serial numbers of the certificates that it revokes.
        next_update: When there should be a newer one, UTC; ``None`` if it does not say.
        fingerprint: SHA-256 of its DER form.
    """

    issuer: x509.Name
    serials: frozenset[int]
    next_update: datetime | None
    fingerprint: bytes


class Revocations:
    """What all lists together revoke.

    Args:
        lists: Verified lists.
    """

    def __init__(self, lists: Iterable[RevocationList] = ()) -> None:
        self._lists = tuple(lists)
        self._serials: dict[x509.Name, frozenset[int]] = {}
        for each in self._lists:
            known = self._serials.get(each.issuer, frozenset())
            self._serials[each.issuer] = known | each.serials

    def hold(self, certificate: x509.Certificate) -> bool:
        """Return whether a certificate is revoked."""
        return certificate.serial_number in self._serials.get(certificate.issuer, ())

    @property
    def content(self) -> bytes:
        """What all lists say, for comparing."""
        return b"".join(each.fingerprint for each in self._lists)

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
            that is not understood, or is signed by none of the CAs that have its name.
    """
    return Revocations(each for path in paths for each in _read(path, authorities))


def _read(path: Path, authorities: Sequence[x509.Certificate]) -> Sequence[RevocationList]:
    data = read_file(path, _LARGEST, guarded=True)
    try:
        return [
            verified
            for crl in _parsed(data)
            if (verified := _verified(path, crl, authorities)) is not None
        ]
    except MALFORMED as exc:
        raise TlsFileError(f"{path}: no certificate revocation list in PEM or DER.") from exc


def _parsed(data: bytes) -> Sequence[x509.CertificateRevocationList]:
    if data.startswith(_DER):
        return [x509.load_der_x509_crl(data)]
    blocks = _PEM.findall(data)
    if not blocks or len(blocks) != data.count(_BEGIN):
        raise ValueError("something else than revocation lists")
    return [x509.load_pem_x509_crl(block) for block in blocks]


def _verified(
    path: Path, crl: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate]
) -> RevocationList | None:
    """Return what a list says, ``None`` if it is of none of the CAs."""
    if not all(map(_is_understood, crl.extensions)):
        raise TlsFileError(f"{path}: a delta or indirect list, or one with unknown extensions.")
    serials = frozenset(_serials(path, crl))
    if crl.issuer not in [authority.subject for authority in authorities]:
        _log.warning("revocation list of no CA in the bundle", extra={"file": str(path)})
        return None
    if not any(_has_signed(authority, crl) for authority in authorities):
        raise TlsFileError(f"{path}: signed by none of the CAs in tls.client_ca.")
    fingerprint = hashlib.sha256(crl.public_bytes(Encoding.DER)).digest()
    return RevocationList(crl.issuer, serials, crl.next_update_utc, fingerprint)


def _is_understood(found: x509.Extension[x509.ExtensionType]) -> bool:
    """Return whether a list with this extension speaks of its issuer's own certificates.

    It may speak of a part of them (section 5.2.5): what it revokes is revoked.
    """
    value = found.value
    if isinstance(value, x509.DeltaCRLIndicator):
        return False
    if isinstance(value, x509.IssuingDistributionPoint):
        return not (value.indirect_crl or value.only_contains_attribute_certs)
    return not found.critical or isinstance(value, _UNDERSTOOD)


def _serials(path: Path, crl: x509.CertificateRevocationList) -> Iterator[int]:
    for entry in crl:
        for found in entry.extensions:
            if found.critical or isinstance(found.value, x509.CertificateIssuer):
                raise TlsFileError(f"{path}: has entries that are not understood, or of other CAs.")
        yield entry.serial_number


def _has_signed(authority: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    """Return whether this CA has made a list, and may make one (section 4.2.1.3)."""
    usage = extension(authority, x509.KeyUsage)
    if authority.subject != crl.issuer or (usage is not None and not usage.crl_sign):
        return False
    try:
        return crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]  # see below
    except TypeError:
        return False  # a kind of key that signs nothing
